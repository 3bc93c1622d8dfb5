"""enable trigrams

Revision ID: 1729601c477b
Revises: 6e36ed439d53
Create Date: 2024-06-11 13:07:00

"""

from alembic import op

revision = "1729601c477b"
down_revision = "6e36ed439d53"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("CREATE EXTENSION pg_trgm")


def downgrade() -> None:
    op.execute("DROP EXTENSION pg_trgm")
