"""let clerks settle

Revision ID: 0baa1f113ac4
Revises: df5364fad38b
Create Date: 2025-03-13 19:32:00

"""

from alembic import op

revision = "0baa1f113ac4"
down_revision = "df5364fad38b"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("REVOKE EXECUTE ON PROCEDURE billing.settle(integer) FROM PUBLIC")
    op.execute("GRANT EXECUTE ON PROCEDURE billing.settle(integer) TO logistics_clerk")


def downgrade() -> None:
    op.execute("REVOKE EXECUTE ON PROCEDURE billing.settle(integer) FROM logistics_clerk")
    op.execute("GRANT EXECUTE ON PROCEDURE billing.settle(integer) TO PUBLIC")
