"""add isbn

Revision ID: 62311bb4703b
Revises: 5fb3ad1b3332
Create Date: 2025-04-08 15:36:20.000000

"""

import sqlalchemy as sa
from alembic import op

revision = "62311bb4703b"
down_revision = "5fb3ad1b3332"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("book", sa.Column("isbn", sa.Text()))
    op.create_unique_constraint("book_isbn_key", "book", ["isbn"])


def downgrade() -> None:
    op.drop_column("book", "isbn")
