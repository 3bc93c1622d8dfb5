"""book a dock once at a time

Revision ID: 41df53340a57
Revises: 4fc5e537c069
Create Date: 2024-08-30 14:59:00

"""

from alembic import op

revision = "41df53340a57"
down_revision = "4fc5e537c069"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute(
        """
        DELETE FROM shipping.dock_booking b USING shipping.dock_booking o
        WHERE o.id < b.id AND o.dock_id = b.dock_id AND o.during && b.during
        """
    )
    op.execute(
        """
        ALTER TABLE shipping.dock_booking ADD CONSTRAINT ex_dock_booking_during
        EXCLUDE USING gist (dock_id WITH =, during WITH &&)
        """
    )


def downgrade() -> None:
    op.execute("ALTER TABLE shipping.dock_booking DROP CONSTRAINT ex_dock_booking_during")
