"""create customer

Revision ID: 47b805b79d35
Revises: 2425d5a21e76
Create Date: 2024-02-17 10:26:00

"""

import sqlalchemy as sa
from alembic import op

revision = "47b805b79d35"
down_revision = "2425d5a21e76"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "customer",
        sa.Column("id", sa.Integer(), sa.Identity(always=True), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("email", sa.String(254), nullable=False),
        sa.Column("vat_number", sa.String(32)),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_customer")),
        schema="billing",
    )


def downgrade() -> None:
    op.drop_table("customer", schema="billing")
