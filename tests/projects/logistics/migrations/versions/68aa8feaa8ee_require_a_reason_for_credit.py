"""require a reason for credit

Revision ID: 68aa8feaa8ee
Revises: 9d9288e057c2
Create Date: 2025-06-11 21:38:00

"""

import sqlalchemy as sa
from alembic import op

revision = "68aa8feaa8ee"
down_revision = "9d9288e057c2"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("UPDATE billing.credit_note SET reason = '' WHERE reason IS NULL")
    op.alter_column("credit_note", "reason", server_default=sa.text("''"), schema="billing")
    op.alter_column("credit_note", "reason", nullable=False, schema="billing")


def downgrade() -> None:
    op.alter_column("credit_note", "reason", nullable=True, schema="billing")
    op.alter_column("credit_note", "reason", server_default=None, schema="billing")
