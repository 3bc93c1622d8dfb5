"""make customer emails unique

Revision ID: f7ea290a699c
Revises: f1d4dcf952a4
Create Date: 2024-07-06 13:42:00

"""

from alembic import op

revision = "f7ea290a699c"
down_revision = "f1d4dcf952a4"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute(
        """
        UPDATE billing.customer SET email = gen_random_uuid() || '@duplicate.invalid'
        WHERE EXISTS (SELECT FROM billing.customer o WHERE o.id < customer.id AND o.email = customer.email)
        """
    )
    op.create_unique_constraint(op.f("uq_customer_email"), "customer", ["email"], schema="billing")


def downgrade() -> None:
    op.drop_constraint(op.f("uq_customer_email"), "customer", type_="unique", schema="billing")
