"""create credit note

Revision ID: 44f6cf4c4cb1
Revises: a570c15de85a
Create Date: 2025-06-01 21:24:00

"""

import sqlalchemy as sa
from alembic import op

revision = "44f6cf4c4cb1"
down_revision = "a570c15de85a"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "credit_note",
        sa.Column("id", sa.Integer(), sa.Identity(always=True), nullable=False),
        sa.Column("invoice_id", sa.Integer(), nullable=False),
        sa.Column("amount", sa.Numeric(12, 2), server_default=sa.text("0"), nullable=False),
        sa.Column("reason", sa.Text()),
        sa.ForeignKeyConstraint(
            ["invoice_id"], ["billing.invoice.id"], name=op.f("fk_credit_note_invoice_id_invoice")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_credit_note")),
        schema="billing",
    )
    op.create_index("ix_credit_note_invoice_id", "credit_note", ["invoice_id"], schema="billing")


def downgrade() -> None:
    op.drop_index("ix_credit_note_invoice_id", table_name="credit_note", schema="billing")
    op.drop_table("credit_note", schema="billing")
