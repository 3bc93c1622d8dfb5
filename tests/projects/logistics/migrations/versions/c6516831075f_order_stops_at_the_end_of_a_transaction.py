"""order stops at the end of a transaction

Revision ID: c6516831075f
Revises: 5a2c03f11d9e
Create Date: 2025-05-07 20:49:00

"""

from alembic import op

revision = "c6516831075f"
down_revision = "5a2c03f11d9e"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("ALTER TABLE shipping.route_stop DROP CONSTRAINT uq_route_stop_route_id_position")
    op.execute(
        """
        ALTER TABLE shipping.route_stop ADD CONSTRAINT uq_route_stop_route_id_position
        UNIQUE (route_id, position) DEFERRABLE
        """
    )


def downgrade() -> None:
    op.execute("ALTER TABLE shipping.route_stop DROP CONSTRAINT uq_route_stop_route_id_position")
    op.execute(
        """
        ALTER TABLE shipping.route_stop ADD CONSTRAINT uq_route_stop_route_id_position
        UNIQUE (route_id, position)
        """
    )
