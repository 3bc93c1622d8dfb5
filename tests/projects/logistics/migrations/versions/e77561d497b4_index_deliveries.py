"""index deliveries

Revision ID: e77561d497b4
Revises: 91f26476df08
Create Date: 2025-07-11 22:20:00

"""

import sqlalchemy as sa
from alembic import op

revision = "e77561d497b4"
down_revision = "91f26476df08"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.get_context().autocommit_block():
        op.drop_index(
            "ix_shipment_placed_at_planned",
            table_name="shipment",
            schema="shipping",
            postgresql_concurrently=True,
            if_exists=True,
        )
        op.create_index(
            "ix_shipment_placed_at_planned",
            "shipment",
            ["placed_at"],
            schema="shipping",
            postgresql_where=sa.text("status = 'planned'"),
            postgresql_concurrently=True,
        )


def downgrade() -> None:
    with op.get_context().autocommit_block():
        op.drop_index(
            "ix_shipment_placed_at_planned",
            table_name="shipment",
            schema="shipping",
            postgresql_concurrently=True,
            if_exists=True,
        )
