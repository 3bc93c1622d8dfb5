"""drop note read at

Revision ID: 4305836a367e
Revises: aeebcd83b6d8
Create Date: 2025-05-22 21:10:00

"""

import sqlalchemy as sa
from alembic import op

revision = "4305836a367e"
down_revision = "aeebcd83b6d8"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.drop_column("note", "read_at", schema="shipping")


def downgrade() -> None:
    op.add_column("note", sa.Column("read_at", sa.DateTime(timezone=True)), schema="shipping")
