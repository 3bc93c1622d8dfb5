"""drop vehicle status

Revision ID: 37306f36634f
Revises: bc02fe06142a
Create Date: 2025-02-16 18:57:00

"""

from alembic import op

revision = "37306f36634f"
down_revision = "bc02fe06142a"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("ALTER TABLE shipping.vehicle DROP COLUMN status")
    op.execute("DROP TYPE shipping.vehicle_status")


def downgrade() -> None:
    op.execute("CREATE TYPE shipping.vehicle_status AS ENUM ('ready', 'moving', 'broken')")
    op.execute(
        "ALTER TABLE shipping.vehicle ADD COLUMN status shipping.vehicle_status NOT NULL DEFAULT 'ready'"
    )
    op.execute(
        """
        UPDATE shipping.vehicle SET status = vehicle_state.name::shipping.vehicle_status
        FROM shipping.vehicle_state
        WHERE vehicle_state.id = vehicle.state_id AND vehicle_state.name IN ('ready', 'moving', 'broken')
        """
    )
