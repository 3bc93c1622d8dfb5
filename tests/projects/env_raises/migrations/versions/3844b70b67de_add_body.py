"""add body

Revision ID: 3844b70b67de
Revises: 9990b64b441f
Create Date: 2025-09-02 09:00:00.000000

"""

import sqlalchemy as sa
from alembic import op

revision = "3844b70b67de"
down_revision = "9990b64b441f"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("note", sa.Column("body", sa.Text()))


def downgrade() -> None:
    op.drop_column("note", "body")
