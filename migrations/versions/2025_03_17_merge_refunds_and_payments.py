"""merge refunds and payments

Revision ID: 8b85097e16d1
Revises: 3475747155ae, 73f5012e5546
Create Date: 2025-03-17 08:58:12
"""

from collections.abc import Sequence

revision: str = "8b85097e16d1"
down_revision: str | Sequence[str] | None = ("3475747155ae", "73f5012e5546")
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    pass


def downgrade() -> None:
    pass
