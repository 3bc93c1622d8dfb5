"""check tariff bands

Revision ID: 9ad86e265e48
Revises: 72161b42b45e
Create Date: 2024-10-14 16:02:00

"""

from alembic import op

revision = "9ad86e265e48"
down_revision = "72161b42b45e"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute(
        """
        UPDATE billing.tariff_band SET min_grams = max_grams, max_grams = min_grams
        WHERE min_grams > max_grams
        """
    )
    op.create_check_constraint(
        op.f("ck_tariff_band_ordered"), "tariff_band", "min_grams <= max_grams", schema="billing"
    )


def downgrade() -> None:
    op.drop_constraint(
        op.f("ck_tariff_band_ordered"), "tariff_band", type_="check", schema="billing"
    )
