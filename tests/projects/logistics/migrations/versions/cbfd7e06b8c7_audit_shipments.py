"""audit shipments

Revision ID: cbfd7e06b8c7
Revises: 4874e4180258
Create Date: 2024-10-29 16:23:00

"""

from alembic import op

revision = "cbfd7e06b8c7"
down_revision = "4874e4180258"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute(
        """
        CREATE TRIGGER audit AFTER INSERT OR UPDATE ON shipping.shipment
        FOR EACH ROW EXECUTE FUNCTION public.audit_change()
        """
    )


def downgrade() -> None:
    op.execute("DROP TRIGGER audit ON shipping.shipment")
