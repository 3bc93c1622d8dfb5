"""create warehouse

Revision ID: c8c05c94e5c9
Revises: 6d365028f9ae
Create Date: 2024-01-28 09:58:00

"""

import sqlalchemy as sa
from alembic import op

revision = "c8c05c94e5c9"
down_revision = "6d365028f9ae"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "warehouse",
        sa.Column("id", sa.Integer(), sa.Identity(always=True), nullable=False),
        sa.Column("region_id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(120), nullable=False),
        sa.Column("opened_on", sa.Date()),
        sa.ForeignKeyConstraint(
            ["region_id"], ["region.id"], name=op.f("fk_warehouse_region_id_region")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_warehouse")),
        schema="shipping",
    )
    op.create_index("ix_warehouse_region_id", "warehouse", ["region_id"], schema="shipping")


def downgrade() -> None:
    op.drop_index("ix_warehouse_region_id", table_name="warehouse", schema="shipping")
    op.drop_table("warehouse", schema="shipping")
