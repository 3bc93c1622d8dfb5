"""create invoice

Revision ID: fe5c774f34d5
Revises: 7c2301286ca9
Create Date: 2024-05-12 12:25:00

"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "fe5c774f34d5"
down_revision = "7c2301286ca9"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("CREATE TYPE billing.invoice_status AS ENUM ('draft', 'sent', 'settled')")
    op.create_table(
        "invoice",
        sa.Column("id", sa.Integer(), sa.Identity(always=True), nullable=False),
        sa.Column("customer_id", sa.Integer(), nullable=False),
        sa.Column("number", sa.String(64), nullable=False),
        sa.Column(
            "status",
            postgresql.ENUM(name="invoice_status", schema="billing", create_type=False),
            server_default=sa.text("'draft'"),
            nullable=False,
        ),
        sa.Column("issued_on", sa.Date()),
        sa.ForeignKeyConstraint(
            ["customer_id"], ["billing.customer.id"], name=op.f("fk_invoice_customer_id_customer")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_invoice")),
        schema="billing",
    )
    op.create_index("ix_invoice_customer_id", "invoice", ["customer_id"], schema="billing")


def downgrade() -> None:
    op.drop_index("ix_invoice_customer_id", table_name="invoice", schema="billing")
    op.drop_table("invoice", schema="billing")
    op.execute("DROP TYPE billing.invoice_status")
