"""add carrier active

Revision ID: db7ae9999c45
Revises: b81d034555ae
Create Date: 2024-03-23 11:15:00

"""

import sqlalchemy as sa
from alembic import op

revision = "db7ae9999c45"
down_revision = "b81d034555ae"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column(
        "carrier",
        sa.Column("active", sa.Boolean(), server_default=sa.text("true"), nullable=False),
        schema="shipping",
    )


def downgrade() -> None:
    op.drop_column("carrier", "active", schema="shipping")
