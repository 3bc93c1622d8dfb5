"""create task

Revision ID: 714eff6e4de6
Revises:
Create Date: 2025-07-01 08:00:11.000000

"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "714eff6e4de6"
down_revision: str | Sequence[str] | None = None
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    op.create_table(
        "task",
        sa.Column("id", sa.Integer(), primary_key=True),
        sa.Column("title", sa.Text(), nullable=False),
    )


def downgrade() -> None:
    op.drop_table("task")
