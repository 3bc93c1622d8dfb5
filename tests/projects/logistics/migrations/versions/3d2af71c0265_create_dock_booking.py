"""create dock booking

Revision ID: 3d2af71c0265
Revises: f45071807438
Create Date: 2024-08-20 14:45:00

"""

import sqlalchemy as sa
from alembic import op

revision = "3d2af71c0265"
down_revision = "f45071807438"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "dock_booking",
        sa.Column("id", sa.Integer(), sa.Identity(always=True), nullable=False),
        sa.Column("dock_id", sa.Integer(), nullable=False),
        sa.Column("starts_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ends_at", sa.DateTime(timezone=True)),
        sa.ForeignKeyConstraint(
            ["dock_id"], ["shipping.dock.id"], name=op.f("fk_dock_booking_dock_id_dock")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_dock_booking")),
        schema="shipping",
    )
    op.create_index("ix_dock_booking_dock_id", "dock_booking", ["dock_id"], schema="shipping")


def downgrade() -> None:
    op.drop_index("ix_dock_booking_dock_id", table_name="dock_booking", schema="shipping")
    op.drop_table("dock_booking", schema="shipping")
