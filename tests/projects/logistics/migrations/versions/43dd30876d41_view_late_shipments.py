"""view late shipments

Revision ID: 43dd30876d41
Revises: 4fa93c02ed3c
Create Date: 2025-02-21 19:04:00

"""

from alembic import op

revision = "43dd30876d41"
down_revision = "4fa93c02ed3c"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute(
        """
        CREATE VIEW shipping.undelivered AS
        SELECT id, reference, placed_at FROM shipping.shipment WHERE status <> 'delivered'
        """
    )


def downgrade() -> None:
    op.execute("DROP VIEW shipping.undelivered")
