"""make public ids unique

Revision ID: 001b83463dc5
Revises: 4a65f79f74e2
Create Date: 2025-04-22 20:28:00

"""

from alembic import op

revision = "001b83463dc5"
down_revision = "4a65f79f74e2"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_unique_constraint(
        op.f("uq_customer_public_id"), "customer", ["public_id"], schema="billing"
    )


def downgrade() -> None:
    op.drop_constraint(op.f("uq_customer_public_id"), "customer", type_="unique", schema="billing")
