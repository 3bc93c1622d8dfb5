"""create invoice

Revision ID: 3d5a625b6048
Revises:
Create Date: 2025-03-10 16:21:33.000000

"""

import sqlalchemy as sa
from alembic import op

revision = "3d5a625b6048"
down_revision = None
branch_labels = ("billing",)
depends_on = "684b7bec4cd6"


def upgrade() -> None:
    op.create_table(
        "Invoice",
        sa.Column("id", sa.Integer(), primary_key=True),
        sa.Column("account_id", sa.Integer(), sa.ForeignKey("account.id"), nullable=False),
        schema="Billing Data",
    )


def downgrade() -> None:
    op.drop_table("Invoice", schema="Billing Data")
