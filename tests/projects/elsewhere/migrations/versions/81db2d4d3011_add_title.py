"""add title

Revision ID: 81db2d4d3011
Revises: d793e4dbc6d0
Create Date: 2025-05-06 11:02:03.000000

"""

import sqlalchemy as sa
from alembic import op

revision = "81db2d4d3011"
down_revision = "d793e4dbc6d0"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("report", sa.Column("title", sa.Text()))


def downgrade() -> None:
    op.drop_column("report", "title")
