"""assign tariffs

Revision ID: cfe6598fed18
Revises: 0a54dadb80a6
Create Date: 2025-08-10 23:02:00

"""

import sqlalchemy as sa
from alembic import op

revision = "cfe6598fed18"
down_revision = "0a54dadb80a6"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("customer", sa.Column("tariff_id", sa.Integer()), schema="billing")
    op.create_foreign_key(
        op.f("fk_customer_tariff_id_tariff"),
        "customer",
        "tariff",
        ["tariff_id"],
        ["id"],
        source_schema="billing",
        referent_schema="billing",
    )
    with op.get_context().autocommit_block():
        op.drop_index(
            "ix_customer_tariff_id",
            table_name="customer",
            schema="billing",
            postgresql_concurrently=True,
            if_exists=True,
        )
        op.create_index(
            "ix_customer_tariff_id",
            "customer",
            ["tariff_id"],
            schema="billing",
            postgresql_concurrently=True,
        )


def downgrade() -> None:
    with op.get_context().autocommit_block():
        op.drop_index(
            "ix_customer_tariff_id",
            table_name="customer",
            schema="billing",
            postgresql_concurrently=True,
            if_exists=True,
        )
    op.drop_column("customer", "tariff_id", schema="billing")
