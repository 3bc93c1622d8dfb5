"""find shipments by tag

Revision ID: 9288105e894a
Revises: 5d72c41c1103
Create Date: 2025-04-07 20:07:00

"""

from alembic import op

revision = "9288105e894a"
down_revision = "5d72c41c1103"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.get_context().autocommit_block():
        op.drop_index(
            "ix_shipment_tags",
            table_name="shipment",
            schema="shipping",
            postgresql_concurrently=True,
            if_exists=True,
        )
        op.create_index(
            "ix_shipment_tags",
            "shipment",
            ["tags"],
            schema="shipping",
            postgresql_using="gin",
            postgresql_concurrently=True,
        )


def downgrade() -> None:
    with op.get_context().autocommit_block():
        op.drop_index(
            "ix_shipment_tags",
            table_name="shipment",
            schema="shipping",
            postgresql_concurrently=True,
            if_exists=True,
        )
