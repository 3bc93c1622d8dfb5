"""measure correlation of weight and contents

Revision ID: a570c15de85a
Revises: 4305836a367e
Create Date: 2025-05-27 21:17:00

"""

from alembic import op

revision = "a570c15de85a"
down_revision = "4305836a367e"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute(
        "CREATE STATISTICS shipping.st_parcel_size (dependencies) ON length_mm, width_mm FROM shipping.parcel"
    )


def downgrade() -> None:
    op.execute("DROP STATISTICS shipping.st_parcel_size")
