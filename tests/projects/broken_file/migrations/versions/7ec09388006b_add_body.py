"""add body

Revision ID: 7ec09388006b
Revises: cf2817e8a6ac
Create Date: 2025-09-02 09:00:00.000000

"""

import sqlalchemy as sa
from alembic import op

revision = "7ec09388006b"
down_revision = "cf2817e8a6ac"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("note", sa.Column("body", sa.Text()))


def downgrade() -> None:
    op.drop_column("note", "body")
