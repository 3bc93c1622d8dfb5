"""view open invoices

Revision ID: f174a3a1672b
Revises: 910ba964ebd2
Create Date: 2024-07-26 14:10:00

"""

from alembic import op

revision = "f174a3a1672b"
down_revision = "910ba964ebd2"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute(
        """
        CREATE VIEW billing.open_invoice AS
        SELECT i.id, i.number, c.name AS customer
        FROM billing.invoice i JOIN billing.customer c ON c.id = i.customer_id
        WHERE i.status <> 'settled'
        """
    )


def downgrade() -> None:
    op.execute("DROP VIEW billing.open_invoice")
