"""add location

Revision ID: 2b2d1ab85620
Revises: f150e5bd0f9b
Create Date: 2025-08-06 09:00:00.000000

"""

import sqlalchemy as sa
from alembic import op

revision = "2b2d1ab85620"
down_revision = "f150e5bd0f9b"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("item", sa.Column("location", sa.Text()))
    op.execute("UPDATE item SET location = w.place FROM warehouse w WHERE w.code = item.code")


def downgrade() -> None:
    op.drop_column("item", "location")
