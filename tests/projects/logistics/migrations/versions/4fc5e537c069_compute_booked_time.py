"""compute booked time

Revision ID: 4fc5e537c069
Revises: 3d2af71c0265
Create Date: 2024-08-25 14:52:00

"""

from alembic import op

revision = "4fc5e537c069"
down_revision = "3d2af71c0265"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute(
        """
        ALTER TABLE shipping.dock_booking ADD COLUMN during tstzrange
        GENERATED ALWAYS AS (tstzrange(LEAST(starts_at, ends_at), GREATEST(starts_at, ends_at))) STORED
        """
    )


def downgrade() -> None:
    op.execute("ALTER TABLE shipping.dock_booking DROP COLUMN during")
