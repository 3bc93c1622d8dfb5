"""record the price on each order line

Revision ID: 9e03be4c83e3
Revises: 8b85097e16d1
Create Date: 2025-04-02 13:15:49
"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "9e03be4c83e3"
down_revision: str | Sequence[str] | None = "8b85097e16d1"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

# The tables as they were at this revision; the models will move on.
product = sa.table("product", sa.column("id", sa.Integer()), sa.column("price_cents", sa.Integer()))
order_line = sa.table(
    "order_line",
    sa.column("product_id", sa.Integer()),
    sa.column("unit_price_cents", sa.Integer()),
)


def upgrade() -> None:
    op.add_column("order_line", sa.Column("unit_price_cents", sa.Integer()))
    # What a line cost then is unknown; today's price is the best there is.
    op.execute(
        sa.update(order_line)
        .values(unit_price_cents=product.c.price_cents)
        .where(order_line.c.product_id == product.c.id)
    )
    op.alter_column("order_line", "unit_price_cents", nullable=False)
    op.create_check_constraint(
        op.f("ck_order_line_unit_price_not_negative"), "order_line", "unit_price_cents >= 0"
    )


def downgrade() -> None:
    op.drop_column("order_line", "unit_price_cents")
