"""add shipment status returned

Revision ID: da2c28cf4d1e
Revises: 44bdf0e7f1ee
Create Date: 2025-01-02 17:54:00

"""

from alembic import op

revision = "da2c28cf4d1e"
down_revision = "44bdf0e7f1ee"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("ALTER TYPE shipping.shipment_status ADD VALUE 'returned'")


def downgrade() -> None:
    op.execute("ALTER TYPE shipping.shipment_status RENAME TO shipment_status_with_returned")
    op.execute("CREATE TYPE shipping.shipment_status AS ENUM ('planned', 'loaded', 'delivered')")
    op.execute("ALTER TABLE shipping.shipment ALTER COLUMN status DROP DEFAULT")
    op.execute(
        """
        ALTER TABLE shipping.shipment ALTER COLUMN status TYPE shipping.shipment_status
            USING (CASE status::text WHEN 'returned' THEN 'planned' ELSE status::text END)::shipping.shipment_status
        """
    )
    op.execute("ALTER TABLE shipping.shipment ALTER COLUMN status SET DEFAULT 'planned'")
    op.execute("DROP TYPE shipping.shipment_status_with_returned")
