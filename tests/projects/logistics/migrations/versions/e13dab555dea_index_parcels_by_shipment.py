"""index parcels by shipment

Revision ID: e13dab555dea
Revises: fd69f42efd0a
Create Date: 2024-03-03 10:47:00

"""

from alembic import op

revision = "e13dab555dea"
down_revision = "fd69f42efd0a"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.get_context().autocommit_block():
        op.drop_index(
            "ix_parcel_shipment_id",
            table_name="parcel",
            schema="shipping",
            postgresql_concurrently=True,
            if_exists=True,
        )
        op.create_index(
            "ix_parcel_shipment_id",
            "parcel",
            ["shipment_id"],
            schema="shipping",
            postgresql_concurrently=True,
        )


def downgrade() -> None:
    with op.get_context().autocommit_block():
        op.drop_index(
            "ix_parcel_shipment_id",
            table_name="parcel",
            schema="shipping",
            postgresql_concurrently=True,
            if_exists=True,
        )
