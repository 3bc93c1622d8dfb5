"""add code

Revision ID: b33c7a2682e6
Revises: a4796a28444b
Create Date: 2025-08-05 09:00:00.000000

"""

import sqlalchemy as sa
from alembic import op

revision = "b33c7a2682e6"
down_revision = "a4796a28444b"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("item", sa.Column("code", sa.Text()))


def downgrade() -> None:
    op.drop_column("item", "code")
