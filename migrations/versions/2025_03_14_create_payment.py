"""create payment

Revision ID: 73f5012e5546
Revises: d652e9c55e1a
Create Date: 2025-03-14 11:20:03
"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision: str = "73f5012e5546"
down_revision: str | Sequence[str] | None = "d652e9c55e1a"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    op.execute("CREATE TYPE payment_method AS ENUM ('card', 'transfer', 'voucher')")
    op.create_table(
        "payment",
        sa.Column("id", sa.Integer(), sa.Identity(always=True), nullable=False),
        sa.Column("order_id", sa.Integer(), nullable=False),
        sa.Column(
            "method", postgresql.ENUM(name="payment_method", create_type=False), nullable=False
        ),
        sa.Column("amount_cents", sa.Integer(), nullable=False),
        sa.Column(
            "paid_at", sa.DateTime(timezone=True), server_default=sa.func.now(), nullable=False
        ),
        sa.CheckConstraint("amount_cents > 0", name=op.f("ck_payment_amount_positive")),
        sa.ForeignKeyConstraint(
            ["order_id"], ["purchase_order.id"], name=op.f("fk_payment_order_id_purchase_order")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_payment")),
    )
    op.create_index(op.f("ix_payment_order_id"), "payment", ["order_id"])


def downgrade() -> None:
    op.drop_table("payment")
    op.execute("DROP TYPE payment_method")
