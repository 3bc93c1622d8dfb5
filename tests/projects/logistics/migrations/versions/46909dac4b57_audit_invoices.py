"""audit invoices

Revision ID: 46909dac4b57
Revises: cbfd7e06b8c7
Create Date: 2024-11-03 16:30:00

"""

from alembic import op

revision = "46909dac4b57"
down_revision = "cbfd7e06b8c7"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute(
        """
        CREATE TRIGGER audit AFTER INSERT OR UPDATE ON billing.invoice
        FOR EACH ROW EXECUTE FUNCTION public.audit_change()
        """
    )


def downgrade() -> None:
    op.execute("DROP TRIGGER audit ON billing.invoice")
