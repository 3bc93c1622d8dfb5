"""create post

Revision ID: c297c004273e
Revises:
Create Date: 2025-10-01 09:00:00.000000

"""

import sqlalchemy as sa
from alembic import op

revision = "c297c004273e"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "post",
        sa.Column("id", sa.Integer(), primary_key=True),
    )


def downgrade() -> None:
    op.drop_table("post")
