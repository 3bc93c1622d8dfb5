"""add due date

Revision ID: 1184b34ba50a
Revises: 3902317c2c88
Create Date: 2025-07-08 10:10:33.000000

"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "1184b34ba50a"
down_revision: str | Sequence[str] | None = "3902317c2c88"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    op.add_column("task", sa.Column("due", sa.Date()))


def downgrade() -> None:
    op.drop_column("task", "due")
