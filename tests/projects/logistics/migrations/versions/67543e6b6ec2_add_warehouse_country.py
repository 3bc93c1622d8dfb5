"""add warehouse country

Revision ID: 67543e6b6ec2
Revises: 164c12d29137
Create Date: 2024-04-12 11:43:00

"""

import sqlalchemy as sa
from alembic import op

revision = "67543e6b6ec2"
down_revision = "164c12d29137"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("warehouse", sa.Column("country", sa.String(2)), schema="shipping")


def downgrade() -> None:
    op.drop_column("warehouse", "country", schema="shipping")
