"""create dock

Revision ID: 815fb00c04f4
Revises: c8c05c94e5c9
Create Date: 2024-02-02 10:05:00

"""

import sqlalchemy as sa
from alembic import op

revision = "815fb00c04f4"
down_revision = "c8c05c94e5c9"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "dock",
        sa.Column("id", sa.Integer(), sa.Identity(always=True), nullable=False),
        sa.Column("warehouse_id", sa.Integer(), nullable=False),
        sa.Column("number", sa.SmallInteger(), server_default=sa.text("1"), nullable=False),
        sa.ForeignKeyConstraint(
            ["warehouse_id"], ["shipping.warehouse.id"], name=op.f("fk_dock_warehouse_id_warehouse")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_dock")),
        schema="shipping",
    )
    op.create_index("ix_dock_warehouse_id", "dock", ["warehouse_id"], schema="shipping")


def downgrade() -> None:
    op.drop_index("ix_dock_warehouse_id", table_name="dock", schema="shipping")
    op.drop_table("dock", schema="shipping")
