"""enable hstore

Revision ID: 311d31cd85f4
Revises: aa38eb1cad2e
Create Date: 2024-06-21 13:21:00

"""

from alembic import op

revision = "311d31cd85f4"
down_revision = "aa38eb1cad2e"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("CREATE EXTENSION hstore")


def downgrade() -> None:
    op.execute("DROP EXTENSION hstore")
