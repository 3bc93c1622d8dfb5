"""check payment amounts

Revision ID: 6e36ed439d53
Revises: bc9ea7f5136b
Create Date: 2024-06-06 13:00:00

"""

from alembic import op

revision = "6e36ed439d53"
down_revision = "bc9ea7f5136b"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("UPDATE billing.payment SET amount = 0.01 WHERE amount <= 0")
    op.create_check_constraint(
        op.f("ck_payment_amount_positive"), "payment", "amount > 0", schema="billing"
    )


def downgrade() -> None:
    op.drop_constraint(
        op.f("ck_payment_amount_positive"), "payment", type_="check", schema="billing"
    )
