"""create customs declaration

Revision ID: ed46319e67fe
Revises: 19b828d7722a
Create Date: 2024-11-18 16:51:00

"""

import sqlalchemy as sa
from alembic import op

revision = "ed46319e67fe"
down_revision = "19b828d7722a"
branch_labels = "customs"
depends_on = None


def upgrade() -> None:
    op.create_table(
        "customs_declaration",
        sa.Column("id", sa.Integer(), sa.Identity(always=True), nullable=False),
        sa.Column("shipment_id", sa.Integer(), nullable=False),
        sa.Column("regime", sa.Text()),
        sa.Column("declared_value", sa.Numeric(12, 2)),
        sa.ForeignKeyConstraint(
            ["shipment_id"],
            ["shipping.shipment.id"],
            name=op.f("fk_customs_declaration_shipment_id_shipment"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_customs_declaration")),
        schema="shipping",
    )
    op.create_index(
        "ix_customs_declaration_shipment_id",
        "customs_declaration",
        ["shipment_id"],
        schema="shipping",
    )


def downgrade() -> None:
    op.drop_index(
        "ix_customs_declaration_shipment_id", table_name="customs_declaration", schema="shipping"
    )
    op.drop_table("customs_declaration", schema="shipping")
