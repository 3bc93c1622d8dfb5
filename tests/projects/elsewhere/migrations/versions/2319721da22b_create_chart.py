"""create chart

Revision ID: 2319721da22b
Revises: 81db2d4d3011
Create Date: 2025-05-07 12:03:04.000000

"""

import sqlalchemy as sa
from alembic import op

revision = "2319721da22b"
down_revision = "81db2d4d3011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "chart",
        sa.Column("id", sa.Integer(), primary_key=True),
    )


def downgrade() -> None:
    op.drop_table("chart")
