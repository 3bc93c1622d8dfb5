"""create book

Revision ID: 5fb3ad1b3332
Revises:
Create Date: 2025-04-07 12:00:41.000000

"""

import sqlalchemy as sa
from alembic import op

revision = "5fb3ad1b3332"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "book",
        sa.Column("id", sa.Integer(), primary_key=True),
        sa.Column("title", sa.Text(), nullable=False),
    )


def downgrade() -> None:
    op.drop_table("book")
