"""replace vehicle status

Revision ID: bc02fe06142a
Revises: a603d78f0753
Create Date: 2025-02-11 18:50:00

"""

import sqlalchemy as sa
from alembic import op

revision = "bc02fe06142a"
down_revision = "a603d78f0753"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "vehicle_state",
        sa.Column("id", sa.Integer(), sa.Identity(always=True), nullable=False),
        sa.Column("name", sa.String(40), nullable=False),
        sa.Column("may_drive", sa.Boolean(), server_default=sa.text("true"), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_vehicle_state")),
        sa.UniqueConstraint("name", name=op.f("uq_vehicle_state_name")),
        schema="shipping",
    )
    op.execute(
        "INSERT INTO shipping.vehicle_state (name) SELECT unnest(enum_range(NULL::shipping.vehicle_status))::text"
    )
    op.add_column("vehicle", sa.Column("state_id", sa.Integer()), schema="shipping")
    op.create_foreign_key(
        op.f("fk_vehicle_state_id_vehicle_state"),
        "vehicle",
        "vehicle_state",
        ["state_id"],
        ["id"],
        source_schema="shipping",
        referent_schema="shipping",
    )
    op.execute(
        """
        UPDATE shipping.vehicle SET state_id = vehicle_state.id
        FROM shipping.vehicle_state WHERE vehicle_state.name = vehicle.status::text
        """
    )
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
    op.drop_column("vehicle", "state_id", schema="shipping")
    op.drop_table("vehicle_state", schema="shipping")
