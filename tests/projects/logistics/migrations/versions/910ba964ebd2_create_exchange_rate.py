"""create exchange rate

Revision ID: 910ba964ebd2
Revises: d4c834ac40ee
Create Date: 2024-07-21 14:03:00

"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "910ba964ebd2"
down_revision = "d4c834ac40ee"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "exchange_rate",
        sa.Column("id", sa.Integer(), sa.Identity(always=True), nullable=False),
        sa.Column(
            "currency",
            postgresql.DOMAIN("currency", sa.Text(), schema="billing", create_type=False),
            server_default=sa.text("'EUR'"),
            nullable=False,
        ),
        sa.Column("quoted_on", sa.Date(), nullable=False),
        sa.Column("rate", sa.Numeric(18, 8), server_default=sa.text("1"), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_exchange_rate")),
        sa.UniqueConstraint(
            "currency", "quoted_on", name=op.f("uq_exchange_rate_currency_quoted_on")
        ),
        schema="billing",
    )


def downgrade() -> None:
    op.drop_table("exchange_rate", schema="billing")
