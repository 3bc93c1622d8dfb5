"""let clerks write credit notes

Revision ID: 9d9288e057c2
Revises: 44f6cf4c4cb1
Create Date: 2025-06-06 21:31:00

"""

from alembic import op

revision = "9d9288e057c2"
down_revision = "44f6cf4c4cb1"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("GRANT INSERT, UPDATE ON billing.credit_note TO logistics_clerk")


def downgrade() -> None:
    op.execute("REVOKE INSERT, UPDATE ON billing.credit_note FROM logistics_clerk")
