"""add body

Revision ID: c25c413d42bf
Revises: 4c65de05f0c2
Create Date: 2025-09-02 09:00:00.000000

"""

import sqlalchemy as sa
from alembic import op

revision = "c25c413d42bf"
down_revision = "4c65de05f0c2"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("note", sa.Column("body", sa.Text()))


def downgrade() -> None:
    op.drop_column("note", "body")
