"""require warehouse country

Revision ID: 889b51bfd920
Revises: 67543e6b6ec2
Create Date: 2024-04-17 11:50:00

"""

import sqlalchemy as sa
from alembic import op

revision = "889b51bfd920"
down_revision = "67543e6b6ec2"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("UPDATE shipping.warehouse SET country = 'XX' WHERE country IS NULL")
    op.alter_column("warehouse", "country", server_default=sa.text("'XX'"), schema="shipping")
    op.alter_column("warehouse", "country", nullable=False, schema="shipping")


def downgrade() -> None:
    op.alter_column("warehouse", "country", nullable=True, schema="shipping")
    op.alter_column("warehouse", "country", server_default=None, schema="shipping")
