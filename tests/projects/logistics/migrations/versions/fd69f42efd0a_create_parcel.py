"""create parcel

Revision ID: fd69f42efd0a
Revises: 5e9724122130
Create Date: 2024-02-27 10:40:00

"""

import sqlalchemy as sa
from alembic import op

revision = "fd69f42efd0a"
down_revision = "5e9724122130"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "parcel",
        sa.Column("id", sa.Integer(), sa.Identity(always=True), nullable=False),
        sa.Column("shipment_id", sa.Integer(), nullable=False),
        sa.Column("weight_grams", sa.Integer(), nullable=False),
        sa.Column("length_mm", sa.Integer()),
        sa.Column("width_mm", sa.Integer()),
        sa.Column("height_mm", sa.Integer()),
        sa.Column("contents", sa.Text()),
        sa.ForeignKeyConstraint(
            ["shipment_id"],
            ["shipping.shipment.id"],
            name=op.f("fk_parcel_shipment_id_shipment"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_parcel")),
        schema="shipping",
    )


def downgrade() -> None:
    op.drop_table("parcel", schema="shipping")
