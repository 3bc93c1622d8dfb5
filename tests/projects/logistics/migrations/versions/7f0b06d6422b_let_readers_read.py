"""let readers read

Revision ID: 7f0b06d6422b
Revises: 09d904469dfc
Create Date: 2024-09-19 15:27:00

"""

from alembic import op

revision = "7f0b06d6422b"
down_revision = "09d904469dfc"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute(
        "GRANT SELECT ON shipping.shipment, shipping.parcel, billing.invoice, billing.open_invoice TO logistics_reader"
    )


def downgrade() -> None:
    op.execute(
        "REVOKE SELECT ON shipping.shipment, shipping.parcel, billing.invoice, billing.open_invoice FROM logistics_reader"
    )
