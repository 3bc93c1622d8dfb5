"""create invoice line

Revision ID: 04c9c8c6f13f
Revises: fe5c774f34d5
Create Date: 2024-05-17 12:32:00

"""

import sqlalchemy as sa
from alembic import op

revision = "04c9c8c6f13f"
down_revision = "fe5c774f34d5"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "invoice_line",
        sa.Column("id", sa.Integer(), sa.Identity(always=True), nullable=False),
        sa.Column("invoice_id", sa.Integer(), nullable=False),
        sa.Column("description", sa.Text(), nullable=False),
        sa.Column("quantity", sa.Integer(), server_default=sa.text("1"), nullable=False),
        sa.Column("unit_price", sa.Numeric(12, 2), nullable=False),
        sa.ForeignKeyConstraint(
            ["invoice_id"],
            ["billing.invoice.id"],
            name=op.f("fk_invoice_line_invoice_id_invoice"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_invoice_line")),
        schema="billing",
    )
    op.create_index("ix_invoice_line_invoice_id", "invoice_line", ["invoice_id"], schema="billing")


def downgrade() -> None:
    op.drop_index("ix_invoice_line_invoice_id", table_name="invoice_line", schema="billing")
    op.drop_table("invoice_line", schema="billing")
