"""add body

Revision ID: 31540e094529
Revises: 6033360fa92f
Create Date: 2025-02-14 17:02:45.000000

"""

import sqlalchemy as sa
from alembic import op

revision = "31540e094529"
down_revision = "6033360fa92f"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("note", sa.Column("body", sa.Text()))


def downgrade() -> None:
    op.drop_column("note", "body")
