"""add body

Revision ID: b095d224ceb6
Revises: b8e12f3c761f
Create Date: 2025-10-03 09:00:00.000000

"""

import sqlalchemy as sa
from alembic import op

revision = "b095d224ceb6"
down_revision = "b8e12f3c761f"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("post", sa.Column("body", sa.Text()))


def downgrade() -> None:
    op.drop_column("post", "body")
