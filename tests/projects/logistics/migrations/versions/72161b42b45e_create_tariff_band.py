"""create tariff band

Revision ID: 72161b42b45e
Revises: c672062c73c6
Create Date: 2024-10-09 15:55:00

"""

import sqlalchemy as sa
from alembic import op

revision = "72161b42b45e"
down_revision = "c672062c73c6"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "tariff_band",
        sa.Column("id", sa.Integer(), sa.Identity(always=True), nullable=False),
        sa.Column("tariff_id", sa.Integer(), nullable=False),
        sa.Column("min_grams", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("max_grams", sa.Integer()),
        sa.Column("price", sa.Numeric(10, 2), nullable=False),
        sa.ForeignKeyConstraint(
            ["tariff_id"],
            ["billing.tariff.id"],
            name=op.f("fk_tariff_band_tariff_id_tariff"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_tariff_band")),
        schema="billing",
    )
    op.create_index(
        "ix_tariff_band_tariff_id",
        "tariff_band",
        ["tariff_id"],
        schema="billing",
        postgresql_include=["price"],
    )


def downgrade() -> None:
    op.drop_index("ix_tariff_band_tariff_id", table_name="tariff_band", schema="billing")
    op.drop_table("tariff_band", schema="billing")
