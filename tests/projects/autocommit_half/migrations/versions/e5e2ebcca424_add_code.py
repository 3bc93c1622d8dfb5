"""add code

Revision ID: e5e2ebcca424
Revises: 9604c3e66599
Create Date: 2025-08-12 09:00:00.000000

"""

import sqlalchemy as sa
from alembic import op

revision = "e5e2ebcca424"
down_revision = "9604c3e66599"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("item", sa.Column("code", sa.Text()))


def downgrade() -> None:
    op.drop_column("item", "code")
