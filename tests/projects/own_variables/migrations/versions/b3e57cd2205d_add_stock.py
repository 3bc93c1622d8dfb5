"""add stock

Revision ID: b3e57cd2205d
Revises: d75d0a722a5f
Create Date: 2025-06-11 18:25:37.000000

"""

import sqlalchemy as sa
from alembic import op

revision = "b3e57cd2205d"
down_revision = "d75d0a722a5f"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("item", sa.Column("stock", sa.Integer(), server_default="0", nullable=False))


def downgrade() -> None:
    op.drop_column("item", "stock")
