"""add code

Revision ID: d75d0a722a5f
Revises: 6b257231d4ac
Create Date: 2025-06-03 09:12:54.000000

"""

import sqlalchemy as sa
from alembic import op

revision = "d75d0a722a5f"
down_revision = "6b257231d4ac"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("item", sa.Column("code", sa.Text(), nullable=False))


def downgrade() -> None:
    op.drop_column("item", "code")
