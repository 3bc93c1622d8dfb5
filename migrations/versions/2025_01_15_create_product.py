"""create product

Revision ID: 9651062bb565
Revises: 4f1c2a7be903
Create Date: 2025-01-15 14:03:07
"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "9651062bb565"
down_revision: str | Sequence[str] | None = "4f1c2a7be903"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    op.create_table(
        "product",
        sa.Column("id", sa.Integer(), sa.Identity(always=True), nullable=False),
        sa.Column("sku", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("price_cents", sa.Integer(), nullable=False),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.func.now(),
            nullable=False,
        ),
        sa.CheckConstraint("price_cents >= 0", name=op.f("ck_product_price_not_negative")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_product")),
        sa.UniqueConstraint("sku", name=op.f("uq_product_sku")),
    )


def downgrade() -> None:
    op.drop_table("product")
