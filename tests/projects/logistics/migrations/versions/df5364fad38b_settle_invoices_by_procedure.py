"""settle invoices by procedure

Revision ID: df5364fad38b
Revises: f198ccf547bc
Create Date: 2025-03-08 19:25:00

"""

from alembic import op

revision = "df5364fad38b"
down_revision = "f198ccf547bc"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute(
        """
        CREATE PROCEDURE billing.settle(wanted integer)
        LANGUAGE sql AS $$
        UPDATE billing.invoice SET status = 'settled' WHERE id = wanted
        $$
        """
    )


def downgrade() -> None:
    op.execute("DROP PROCEDURE billing.settle(integer)")
