"""stop auditing every invoice

Revision ID: d74098cc3470
Revises: 1f25ca1a6091
Create Date: 2025-07-21 22:34:00

"""

from alembic import op

revision = "d74098cc3470"
down_revision = "1f25ca1a6091"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("DROP TRIGGER audit ON billing.invoice")
    op.execute(
        """
        CREATE TRIGGER audit AFTER UPDATE OF status OR DELETE ON billing.invoice
        FOR EACH ROW EXECUTE FUNCTION public.audit_change()
        """
    )


def downgrade() -> None:
    op.execute("DROP TRIGGER audit ON billing.invoice")
    op.execute(
        """
        CREATE TRIGGER audit AFTER INSERT OR UPDATE ON billing.invoice
        FOR EACH ROW EXECUTE FUNCTION public.audit_change()
        """
    )
