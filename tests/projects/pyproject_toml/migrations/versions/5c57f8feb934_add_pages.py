"""add pages

Revision ID: 5c57f8feb934
Revises: 62311bb4703b
Create Date: 2025-05-19 09:58:02.000000

"""

import sqlalchemy as sa
from alembic import op

revision = "5c57f8feb934"
down_revision = "62311bb4703b"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("book", sa.Column("pages", sa.Integer()))


def downgrade() -> None:
    op.drop_column("book", "pages")
