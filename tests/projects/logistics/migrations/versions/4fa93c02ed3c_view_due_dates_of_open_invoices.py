"""view due dates of open invoices

Revision ID: 4fa93c02ed3c
Revises: bc02fe06142a
Create Date: 2025-02-16 18:57:00

"""

from alembic import op

revision = "4fa93c02ed3c"
down_revision = "bc02fe06142a"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute(
        """
        CREATE OR REPLACE VIEW billing.open_invoice AS
        SELECT i.id, i.number, c.name AS customer, i.issued_on
        FROM billing.invoice i JOIN billing.customer c ON c.id = i.customer_id
        WHERE i.status <> 'settled'
        """
    )


def downgrade() -> None:
    op.execute("DROP VIEW billing.open_invoice")
    op.execute(
        """
        CREATE VIEW billing.open_invoice AS
        SELECT i.id, i.number, c.name AS customer
        FROM billing.invoice i JOIN billing.customer c ON c.id = i.customer_id
        WHERE i.status <> 'settled'
        """
    )
    op.execute("GRANT SELECT ON billing.open_invoice TO logistics_reader")
