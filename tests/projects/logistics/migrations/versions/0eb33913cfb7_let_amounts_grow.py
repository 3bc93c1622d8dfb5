"""let amounts grow

Revision ID: 0eb33913cfb7
Revises: ff284a053061
Create Date: 2025-02-01 18:36:00

"""

from alembic import op

revision = "0eb33913cfb7"
down_revision = "ff284a053061"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("ALTER TABLE billing.payment ALTER COLUMN amount TYPE numeric(14, 2)")


def downgrade() -> None:
    op.execute(
        """
        ALTER TABLE billing.payment ALTER COLUMN amount TYPE numeric(12, 2)
        USING LEAST(amount, 9999999999.99)
        """
    )
