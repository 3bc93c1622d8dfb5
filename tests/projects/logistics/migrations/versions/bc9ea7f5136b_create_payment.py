"""create payment

Revision ID: bc9ea7f5136b
Revises: f2288ba65917
Create Date: 2024-06-01 12:53:00

"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "bc9ea7f5136b"
down_revision = "f2288ba65917"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("CREATE TYPE billing.payment_method AS ENUM ('transfer', 'card', 'direct_debit')")
    op.create_table(
        "payment",
        sa.Column("id", sa.Integer(), sa.Identity(always=True), nullable=False),
        sa.Column("invoice_id", sa.Integer(), nullable=False),
        sa.Column(
            "method",
            postgresql.ENUM(name="payment_method", schema="billing", create_type=False),
            nullable=False,
        ),
        sa.Column("amount", sa.Numeric(12, 2), nullable=False),
        sa.Column(
            "paid_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False
        ),
        sa.ForeignKeyConstraint(
            ["invoice_id"], ["billing.invoice.id"], name=op.f("fk_payment_invoice_id_invoice")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_payment")),
        schema="billing",
    )
    op.create_index("ix_payment_invoice_id", "payment", ["invoice_id"], schema="billing")


def downgrade() -> None:
    op.drop_index("ix_payment_invoice_id", table_name="payment", schema="billing")
    op.drop_table("payment", schema="billing")
    op.execute("DROP TYPE billing.payment_method")
