"""check old parcel weights

Revision ID: 2052afee9321
Revises: a483fb2e54fb
Create Date: 2025-06-26 21:59:00

"""

from alembic import op

revision = "2052afee9321"
down_revision = "a483fb2e54fb"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("UPDATE shipping.parcel SET weight_grams = 0 WHERE weight_grams < 0")
    op.execute("ALTER TABLE shipping.parcel VALIDATE CONSTRAINT ck_parcel_weight_not_negative")


def downgrade() -> None:
    op.execute("ALTER TABLE shipping.parcel DROP CONSTRAINT ck_parcel_weight_not_negative")
    op.execute(
        """
        ALTER TABLE shipping.parcel ADD CONSTRAINT ck_parcel_weight_not_negative
        CHECK (weight_grams >= 0) NOT VALID
        """
    )
