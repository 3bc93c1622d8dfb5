"""view declarations

Revision ID: 76d06cae6dba
Revises: b4b4c53a6a5b
Create Date: 2025-01-17 18:15:00

"""

from alembic import op

revision = "76d06cae6dba"
down_revision = "b4b4c53a6a5b"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute(
        """
        CREATE VIEW shipping.declared_shipment AS
        SELECT s.id, s.placed_at, d.regime, d.declared_value
        FROM shipping.shipment s JOIN shipping.customs_declaration d ON d.shipment_id = s.id
        """
    )


def downgrade() -> None:
    op.execute("DROP VIEW shipping.declared_shipment")
