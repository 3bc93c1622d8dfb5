"""tell policies of customers

Revision ID: 953be0dbf369
Revises: 43dd30876d41
Create Date: 2025-02-26 19:11:00

"""

from alembic import op

revision = "953be0dbf369"
down_revision = "43dd30876d41"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("ALTER TABLE billing.customer ENABLE ROW LEVEL SECURITY")
    op.execute(
        "CREATE POLICY not_deleted ON billing.customer FOR SELECT TO logistics_clerk USING (vat_number IS NOT NULL)"
    )


def downgrade() -> None:
    op.execute("DROP POLICY not_deleted ON billing.customer")
    op.execute("ALTER TABLE billing.customer DISABLE ROW LEVEL SECURITY")
