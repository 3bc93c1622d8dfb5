"""describe places

Revision ID: f198ccf547bc
Revises: 953be0dbf369
Create Date: 2025-03-03 19:18:00

"""

from alembic import op

revision = "f198ccf547bc"
down_revision = "953be0dbf369"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("CREATE TYPE shipping.place AS (city text, country text)")
    op.execute(
        """
        CREATE OR REPLACE FUNCTION shipping.place_of(wanted integer) RETURNS shipping.place
        LANGUAGE sql STABLE AS $$
        SELECT city, country::text FROM shipping.warehouse WHERE id = wanted
        $$
        """
    )


def downgrade() -> None:
    op.execute("DROP FUNCTION shipping.place_of(wanted integer)")
    op.execute("DROP TYPE shipping.place")
