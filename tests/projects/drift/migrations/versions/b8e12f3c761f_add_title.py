"""add title

Revision ID: b8e12f3c761f
Revises: c297c004273e
Create Date: 2025-10-02 09:00:00.000000

"""

import sqlalchemy as sa
from alembic import op

revision = "b8e12f3c761f"
down_revision = "c297c004273e"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("post", sa.Column("title", sa.Text(), nullable=False))


def downgrade() -> None:
    op.drop_column("post", "title")
