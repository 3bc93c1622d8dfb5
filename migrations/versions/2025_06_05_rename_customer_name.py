"""rename customer name to full name

Revision ID: 33858ffa170c
Revises: a099ba3c370c
Create Date: 2025-06-05 15:27:18
"""

from collections.abc import Sequence

from alembic import op

revision: str = "33858ffa170c"
down_revision: str | Sequence[str] | None = "a099ba3c370c"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    op.alter_column("customer", "name", new_column_name="full_name")


def downgrade() -> None:
    op.alter_column("customer", "full_name", new_column_name="name")
