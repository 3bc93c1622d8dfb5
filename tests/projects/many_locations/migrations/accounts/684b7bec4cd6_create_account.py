"""create account

Revision ID: 684b7bec4cd6
Revises:
Create Date: 2025-03-04 10:10:10.000000

"""

import sqlalchemy as sa
from alembic import op

revision = "684b7bec4cd6"
down_revision = None
branch_labels = ("accounts",)
depends_on = None


def upgrade() -> None:
    op.create_table(
        "account",
        sa.Column("id", sa.Integer(), primary_key=True),
    )


def downgrade() -> None:
    op.drop_table("account")
