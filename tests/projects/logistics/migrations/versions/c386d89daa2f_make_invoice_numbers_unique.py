"""make invoice numbers unique

Revision ID: c386d89daa2f
Revises: 04c9c8c6f13f
Create Date: 2024-05-22 12:39:00

"""

from alembic import op

revision = "c386d89daa2f"
down_revision = "04c9c8c6f13f"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute(
        """
        UPDATE billing.invoice SET number = left(number, 27) || '-' || gen_random_uuid()
        WHERE EXISTS (SELECT FROM billing.invoice o WHERE o.id < invoice.id AND o.number = invoice.number)
        """
    )
    op.create_unique_constraint(op.f("uq_invoice_number"), "invoice", ["number"], schema="billing")


def downgrade() -> None:
    op.drop_constraint(op.f("uq_invoice_number"), "invoice", type_="unique", schema="billing")
