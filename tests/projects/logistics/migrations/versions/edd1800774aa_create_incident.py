"""create incident

Revision ID: edd1800774aa
Revises: 19b828d7722a
Create Date: 2024-12-13 17:26:00

"""

import sqlalchemy as sa
from alembic import op

revision = "edd1800774aa"
down_revision = "19b828d7722a"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "incident",
        sa.Column("id", sa.Integer(), sa.Identity(always=True), nullable=False),
        sa.Column("shipment_id", sa.Integer(), nullable=False),
        sa.Column(
            "happened_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.Column("description", sa.Text(), nullable=False),
        sa.Column("severity", sa.Text()),
        sa.ForeignKeyConstraint(
            ["shipment_id"], ["shipping.shipment.id"], name=op.f("fk_incident_shipment_id_shipment")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_incident")),
        schema="shipping",
    )


def downgrade() -> None:
    op.drop_table("incident", schema="shipping")
