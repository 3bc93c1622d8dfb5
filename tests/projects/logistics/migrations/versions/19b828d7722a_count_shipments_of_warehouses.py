"""count shipments of warehouses

Revision ID: 19b828d7722a
Revises: 6b64eeabc256
Create Date: 2024-11-13 16:44:00

"""

from alembic import op

revision = "19b828d7722a"
down_revision = "6b64eeabc256"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute(
        """
        CREATE MATERIALIZED VIEW shipping.warehouse_load AS
        SELECT w.id AS warehouse_id, count(s.id) AS shipments
        FROM shipping.warehouse w LEFT JOIN shipping.shipment s ON s.origin_id = w.id
        GROUP BY w.id
        """
    )
    op.execute("CREATE UNIQUE INDEX ix_warehouse_load ON shipping.warehouse_load (warehouse_id)")


def downgrade() -> None:
    op.execute("DROP MATERIALIZED VIEW shipping.warehouse_load")
