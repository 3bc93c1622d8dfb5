"""index code

Revision ID: 16f6db8c6391
Revises: 2b2d1ab85620
Create Date: 2025-08-07 09:00:00.000000

"""

from alembic import op

revision = "16f6db8c6391"
down_revision = "2b2d1ab85620"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index("ix_item_code", "item", ["code"])


def downgrade() -> None:
    op.drop_index("ix_item_code", "item")
