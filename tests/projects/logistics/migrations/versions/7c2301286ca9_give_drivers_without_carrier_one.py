"""give drivers without carrier one

Revision ID: 7c2301286ca9
Revises: 13988be9b3c6
Create Date: 2024-05-07 12:18:00

"""

from alembic import op

revision = "7c2301286ca9"
down_revision = "13988be9b3c6"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute(
        """
        INSERT INTO shipping.carrier (name, code)
        SELECT 'unknown', 'unknown' WHERE EXISTS (SELECT FROM shipping.driver WHERE carrier_id IS NULL)
        """
    )
    op.execute(
        """
        UPDATE shipping.driver SET carrier_id = (SELECT max(id) FROM shipping.carrier WHERE code = 'unknown')
        WHERE carrier_id IS NULL
        """
    )
    op.alter_column("driver", "carrier_id", nullable=False, schema="shipping")


def downgrade() -> None:
    op.alter_column("driver", "carrier_id", nullable=True, schema="shipping")
