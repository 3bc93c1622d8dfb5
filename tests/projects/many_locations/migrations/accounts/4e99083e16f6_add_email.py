"""add email

Revision ID: 4e99083e16f6
Revises: 684b7bec4cd6
Create Date: 2025-04-01 08:47:59.000000

"""

import sqlalchemy as sa
from alembic import op

revision = "4e99083e16f6"
down_revision = "684b7bec4cd6"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("account", sa.Column("email", sa.Text()))
    op.execute("UPDATE account SET email = ''")
    op.alter_column("account", "email", nullable=False)


def downgrade() -> None:
    op.drop_column("account", "email")
