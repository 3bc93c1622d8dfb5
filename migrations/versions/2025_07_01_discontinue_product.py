"""let a product be discontinued

Revision ID: d553c9883bfc
Revises: 33858ffa170c
Create Date: 2025-07-01 09:05:44
"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "d553c9883bfc"
down_revision: str | Sequence[str] | None = "33858ffa170c"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    op.add_column("product", sa.Column("discontinued_at", sa.DateTime(timezone=True)))
    op.create_index(
        "ix_product_name_on_sale",
        "product",
        ["name"],
        postgresql_where=sa.text("discontinued_at IS NULL"),
    )


def downgrade() -> None:
    op.drop_index("ix_product_name_on_sale", table_name="product")
    op.drop_column("product", "discontinued_at")
