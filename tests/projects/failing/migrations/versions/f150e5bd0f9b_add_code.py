"""add code

Revision ID: f150e5bd0f9b
Revises: acfde96c8133
Create Date: 2025-08-05 09:00:00.000000

"""

import sqlalchemy as sa
from alembic import op

revision = "f150e5bd0f9b"
down_revision = "acfde96c8133"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("item", sa.Column("code", sa.Text()))


def downgrade() -> None:
    op.drop_column("item", "code")
