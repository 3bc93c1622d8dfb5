"""index when orders were placed

Revision ID: a099ba3c370c
Revises: 9e03be4c83e3
Create Date: 2025-05-20 07:41:30
"""

from collections.abc import Sequence

from alembic import op

revision: str = "a099ba3c370c"
down_revision: str | Sequence[str] | None = "9e03be4c83e3"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    with op.get_context().autocommit_block():
        # A build that failed half-way leaves an invalid index of this name behind.
        op.drop_index(
            op.f("ix_purchase_order_placed_at"), if_exists=True, postgresql_concurrently=True
        )
        op.create_index(
            op.f("ix_purchase_order_placed_at"),
            "purchase_order",
            ["placed_at"],
            postgresql_concurrently=True,
        )


def downgrade() -> None:
    with op.get_context().autocommit_block():
        op.drop_index(
            op.f("ix_purchase_order_placed_at"), if_exists=True, postgresql_concurrently=True
        )
