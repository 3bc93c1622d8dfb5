"""compute the balance of an invoice

Revision ID: 2ec7499b4398
Revises: 68aa8feaa8ee
Create Date: 2025-06-16 21:45:00

"""

from alembic import op

revision = "2ec7499b4398"
down_revision = "68aa8feaa8ee"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute(
        """
        CREATE OR REPLACE FUNCTION billing.balance(wanted integer) RETURNS numeric
        LANGUAGE sql STABLE AS $$
        SELECT COALESCE((SELECT sum(total) FROM billing.invoice_line WHERE invoice_id = wanted), 0)
             - COALESCE((SELECT sum(amount) FROM billing.payment WHERE invoice_id = wanted), 0)
        $$
        """
    )


def downgrade() -> None:
    op.execute("DROP FUNCTION billing.balance(wanted integer)")
