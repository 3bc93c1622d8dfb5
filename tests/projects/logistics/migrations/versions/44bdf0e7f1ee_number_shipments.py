"""number shipments

Revision ID: 44bdf0e7f1ee
Revises: e16dacfc4e80
Create Date: 2024-12-28 17:47:00

"""

import sqlalchemy as sa
from alembic import op

revision = "44bdf0e7f1ee"
down_revision = "e16dacfc4e80"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("CREATE SEQUENCE shipping.shipment_reference_seq START 1000")
    op.add_column(
        "shipment",
        sa.Column(
            "reference",
            sa.String(40),
            server_default=sa.text("'SH-' || nextval('shipping.shipment_reference_seq')"),
            nullable=False,
        ),
        schema="shipping",
    )
    op.execute(
        "ALTER SEQUENCE shipping.shipment_reference_seq OWNED BY shipping.shipment.reference"
    )
    op.create_unique_constraint(
        op.f("uq_shipment_reference"), "shipment", ["reference"], schema="shipping"
    )


def downgrade() -> None:
    op.drop_constraint(op.f("uq_shipment_reference"), "shipment", type_="unique", schema="shipping")
    op.execute("ALTER SEQUENCE shipping.shipment_reference_seq OWNED BY NONE")
    op.drop_column("shipment", "reference", schema="shipping")
    op.execute("DROP SEQUENCE shipping.shipment_reference_seq")
