"""add done

Revision ID: 3902317c2c88
Revises: 714eff6e4de6
Create Date: 2025-07-02 09:30:22.000000

"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "3902317c2c88"
down_revision: str | Sequence[str] | None = "714eff6e4de6"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    op.add_column("task", sa.Column("done", sa.Boolean()))


def downgrade() -> None:
    op.drop_column("task", "done")
