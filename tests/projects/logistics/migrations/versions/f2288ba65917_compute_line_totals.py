"""compute line totals

Revision ID: f2288ba65917
Revises: c386d89daa2f
Create Date: 2024-05-27 12:46:00

"""

import sqlalchemy as sa
from alembic import op

revision = "f2288ba65917"
down_revision = "c386d89daa2f"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column(
        "invoice_line",
        sa.Column(
            "total", sa.Numeric(), sa.Computed("quantity::numeric * unit_price", persisted=True)
        ),
        schema="billing",
    )


def downgrade() -> None:
    op.drop_column("invoice_line", "total", schema="billing")
