"""add tariff code

Revision ID: 14f3902f8d52
Revises: a693f09a892f
Create Date: 2025-07-31 22:48:00

"""

import sqlalchemy as sa
from alembic import op

revision = "14f3902f8d52"
down_revision = "a693f09a892f"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("tariff", sa.Column("code", sa.String(64)), schema="billing")


def downgrade() -> None:
    op.drop_column("tariff", "code", schema="billing")
