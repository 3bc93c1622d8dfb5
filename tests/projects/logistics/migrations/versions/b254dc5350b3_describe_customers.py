"""describe customers

Revision ID: b254dc5350b3
Revises: 9288105e894a
Create Date: 2025-04-12 20:14:00

"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "b254dc5350b3"
down_revision = "9288105e894a"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column(
        "customer",
        sa.Column(
            "preferences", postgresql.JSONB(), server_default=sa.text("'{}'"), nullable=False
        ),
        schema="billing",
    )


def downgrade() -> None:
    op.drop_column("customer", "preferences", schema="billing")
