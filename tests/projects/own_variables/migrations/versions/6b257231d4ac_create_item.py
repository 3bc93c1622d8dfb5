"""create item

Revision ID: 6b257231d4ac
Revises:
Create Date: 2025-06-02 09:00:19.000000

"""

import sqlalchemy as sa
from alembic import op

revision = "6b257231d4ac"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "item",
        sa.Column("id", sa.Integer(), primary_key=True),
    )


def downgrade() -> None:
    op.drop_table("item")
