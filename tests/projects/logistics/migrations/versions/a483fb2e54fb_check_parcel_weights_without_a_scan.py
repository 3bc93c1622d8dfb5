"""check parcel weights without a scan

Revision ID: a483fb2e54fb
Revises: 2ec7499b4398
Create Date: 2025-06-21 21:52:00

"""

from alembic import op

revision = "a483fb2e54fb"
down_revision = "2ec7499b4398"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute(
        """
        ALTER TABLE shipping.parcel ADD CONSTRAINT ck_parcel_weight_not_negative
        CHECK (weight_grams >= 0) NOT VALID
        """
    )


def downgrade() -> None:
    op.execute("ALTER TABLE shipping.parcel DROP CONSTRAINT ck_parcel_weight_not_negative")
