"""create shipment

Revision ID: 5e9724122130
Revises: 47b805b79d35
Create Date: 2024-02-22 10:33:00

"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "5e9724122130"
down_revision = "47b805b79d35"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("CREATE TYPE shipping.shipment_status AS ENUM ('planned', 'loaded', 'delivered')")
    op.create_table(
        "shipment",
        sa.Column("id", sa.Integer(), sa.Identity(always=True), nullable=False),
        sa.Column("customer_id", sa.Integer(), nullable=False),
        sa.Column("origin_id", sa.Integer(), nullable=False),
        sa.Column("destination_id", sa.Integer()),
        sa.Column(
            "status",
            postgresql.ENUM(name="shipment_status", schema="shipping", create_type=False),
            server_default=sa.text("'planned'"),
            nullable=False,
        ),
        sa.Column(
            "placed_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False
        ),
        sa.ForeignKeyConstraint(
            ["customer_id"], ["billing.customer.id"], name=op.f("fk_shipment_customer_id_customer")
        ),
        sa.ForeignKeyConstraint(
            ["origin_id"], ["shipping.warehouse.id"], name=op.f("fk_shipment_origin_id_warehouse")
        ),
        sa.ForeignKeyConstraint(
            ["destination_id"],
            ["shipping.warehouse.id"],
            name=op.f("fk_shipment_destination_id_warehouse"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_shipment")),
        schema="shipping",
    )
    op.create_index("ix_shipment_customer_id", "shipment", ["customer_id"], schema="shipping")


def downgrade() -> None:
    op.drop_index("ix_shipment_customer_id", table_name="shipment", schema="shipping")
    op.drop_table("shipment", schema="shipping")
    op.execute("DROP TYPE shipping.shipment_status")
