"""add warehouse address

Revision ID: 164c12d29137
Revises: 96d75b801235
Create Date: 2024-04-07 11:36:00

"""

import sqlalchemy as sa
from alembic import op

revision = "164c12d29137"
down_revision = "96d75b801235"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("warehouse", sa.Column("street", sa.Text()), schema="shipping")
    op.add_column("warehouse", sa.Column("city", sa.Text()), schema="shipping")
    op.add_column("warehouse", sa.Column("postcode", sa.String(16)), schema="shipping")


def downgrade() -> None:
    op.drop_column("warehouse", "postcode", schema="shipping")
    op.drop_column("warehouse", "city", schema="shipping")
    op.drop_column("warehouse", "street", schema="shipping")
