"""create report

Revision ID: d793e4dbc6d0
Revises:
Create Date: 2025-05-05 10:01:02.000000

"""

import sqlalchemy as sa
from alembic import op

revision = "d793e4dbc6d0"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "report",
        sa.Column("id", sa.Integer(), primary_key=True),
    )


def downgrade() -> None:
    op.drop_table("report")
