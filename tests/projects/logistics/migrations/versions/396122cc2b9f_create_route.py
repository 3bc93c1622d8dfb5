"""create route

Revision ID: 396122cc2b9f
Revises: e13dab555dea
Create Date: 2024-03-08 10:54:00

"""

import sqlalchemy as sa
from alembic import op

revision = "396122cc2b9f"
down_revision = "e13dab555dea"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "route",
        sa.Column("id", sa.Integer(), sa.Identity(always=True), nullable=False),
        sa.Column("name", sa.String(120), nullable=False),
        sa.Column("carrier_id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["carrier_id"], ["shipping.carrier.id"], name=op.f("fk_route_carrier_id_carrier")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_route")),
        schema="shipping",
    )


def downgrade() -> None:
    op.drop_table("route", schema="shipping")
