"""add the order status refunded

Revision ID: 3475747155ae
Revises: d652e9c55e1a
Create Date: 2025-03-11 16:44:21
"""

from collections.abc import Sequence

from alembic import op

revision: str = "3475747155ae"
down_revision: str | Sequence[str] | None = "d652e9c55e1a"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    op.execute("ALTER TYPE order_status ADD VALUE 'refunded'")


def downgrade() -> None:
    # PostgreSQL cannot drop a value, so the type is built anew and the column moved over to it.
    op.execute("ALTER TYPE order_status RENAME TO order_status_with_refunded")
    op.execute("CREATE TYPE order_status AS ENUM ('pending', 'paid', 'shipped', 'cancelled')")
    op.execute("ALTER TABLE purchase_order ALTER COLUMN status DROP DEFAULT")
    op.execute(
        """
        ALTER TABLE purchase_order ALTER COLUMN status TYPE order_status USING (
            CASE status::text WHEN 'refunded' THEN 'cancelled' ELSE status::text END
        )::order_status
        """
    )
    op.execute("ALTER TABLE purchase_order ALTER COLUMN status SET DEFAULT 'pending'")
    op.execute("DROP TYPE order_status_with_refunded")
