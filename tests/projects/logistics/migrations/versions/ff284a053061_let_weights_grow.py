"""let weights grow

Revision ID: ff284a053061
Revises: 6569f0c4d894
Create Date: 2025-01-27 18:29:00

"""

from alembic import op

revision = "ff284a053061"
down_revision = "6569f0c4d894"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("ALTER TABLE billing.tariff_band ALTER COLUMN max_grams TYPE bigint")


def downgrade() -> None:
    op.execute(
        """
        ALTER TABLE billing.tariff_band ALTER COLUMN max_grams TYPE integer
        USING CASE WHEN max_grams IS NOT NULL THEN LEAST(GREATEST(max_grams, -2147483648), 2147483647) END
        """
    )
