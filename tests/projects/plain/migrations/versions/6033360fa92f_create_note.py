"""create note

Revision ID: 6033360fa92f
Revises:
Create Date: 2025-02-10 09:31:12.000000

"""

import sqlalchemy as sa
from alembic import op

revision = "6033360fa92f"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "note",
        sa.Column("id", sa.Integer(), primary_key=True),
        sa.Column("title", sa.Text(), nullable=False),
    )


def downgrade() -> None:
    op.drop_table("note")
