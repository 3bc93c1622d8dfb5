"""add currency

Revision ID: d4c834ac40ee
Revises: 415bf597577d
Create Date: 2024-07-16 13:56:00

"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "d4c834ac40ee"
down_revision = "415bf597577d"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute(
        "CREATE DOMAIN billing.currency AS text CONSTRAINT currency_code CHECK (VALUE ~ '^[A-Z]{3}$')"
    )
    op.add_column(
        "invoice",
        sa.Column(
            "currency",
            postgresql.DOMAIN("currency", sa.Text(), schema="billing", create_type=False),
            server_default=sa.text("'EUR'"),
            nullable=False,
        ),
        schema="billing",
    )


def downgrade() -> None:
    op.drop_column("invoice", "currency", schema="billing")
    op.execute("DROP DOMAIN billing.currency")
