"""create item

Revision ID: acfde96c8133
Revises:
Create Date: 2025-08-04 09:00:00.000000

"""

import sqlalchemy as sa
from alembic import op

revision = "acfde96c8133"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "item",
        sa.Column("id", sa.Integer(), primary_key=True),
        sa.Column("name", sa.Text(), nullable=False),
    )


def downgrade() -> None:
    op.drop_table("item")
