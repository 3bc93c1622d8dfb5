"""index code

Revision ID: 68385f441949
Revises: 58b8856842ba
Create Date: 2025-08-07 09:00:00.000000

"""

from alembic import op

revision = "68385f441949"
down_revision = "58b8856842ba"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index("ix_item_code", "item", ["code"])


def downgrade() -> None:
    op.drop_index("ix_item_code", "item")
