"""add location

Revision ID: 58b8856842ba
Revises: b33c7a2682e6
Create Date: 2025-08-06 09:00:00.000000

"""

import sqlalchemy as sa
from alembic import op

revision = "58b8856842ba"
down_revision = "b33c7a2682e6"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("item", sa.Column("location", sa.Text()))
    op.execute("UPDATE item SET location = w.place FROM warehouse w WHERE w.code = item.code")


def downgrade() -> None:
    op.drop_column("item", "location")
