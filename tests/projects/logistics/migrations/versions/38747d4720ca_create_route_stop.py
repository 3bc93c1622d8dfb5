"""create route stop

Revision ID: 38747d4720ca
Revises: 396122cc2b9f
Create Date: 2024-03-13 11:01:00

"""

import sqlalchemy as sa
from alembic import op

revision = "38747d4720ca"
down_revision = "396122cc2b9f"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "route_stop",
        sa.Column("id", sa.Integer(), sa.Identity(always=True), nullable=False),
        sa.Column("route_id", sa.Integer(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("warehouse_id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["route_id"],
            ["shipping.route.id"],
            name=op.f("fk_route_stop_route_id_route"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["warehouse_id"],
            ["shipping.warehouse.id"],
            name=op.f("fk_route_stop_warehouse_id_warehouse"),
        ),
        sa.CheckConstraint("position >= 0", name=op.f("ck_route_stop_position_not_negative")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_route_stop")),
        sa.UniqueConstraint("route_id", "position", name=op.f("uq_route_stop_route_id_position")),
        schema="shipping",
    )


def downgrade() -> None:
    op.drop_table("route_stop", schema="shipping")
