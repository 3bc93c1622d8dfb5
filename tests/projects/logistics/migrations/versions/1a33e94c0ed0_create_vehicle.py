"""create vehicle

Revision ID: 1a33e94c0ed0
Revises: 815fb00c04f4
Create Date: 2024-02-07 10:12:00

"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "1a33e94c0ed0"
down_revision = "815fb00c04f4"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("CREATE TYPE shipping.vehicle_status AS ENUM ('ready', 'moving', 'broken')")
    op.create_table(
        "vehicle",
        sa.Column("id", sa.Integer(), sa.Identity(always=True), nullable=False),
        sa.Column("carrier_id", sa.Integer(), nullable=False),
        sa.Column("plate", sa.String(32), nullable=False),
        sa.Column(
            "status",
            postgresql.ENUM(name="vehicle_status", schema="shipping", create_type=False),
            server_default=sa.text("'ready'"),
            nullable=False,
        ),
        sa.ForeignKeyConstraint(
            ["carrier_id"], ["shipping.carrier.id"], name=op.f("fk_vehicle_carrier_id_carrier")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_vehicle")),
        schema="shipping",
    )
    op.create_index("ix_vehicle_carrier_id", "vehicle", ["carrier_id"], schema="shipping")


def downgrade() -> None:
    op.drop_index("ix_vehicle_carrier_id", table_name="vehicle", schema="shipping")
    op.drop_table("vehicle", schema="shipping")
    op.execute("DROP TYPE shipping.vehicle_status")
