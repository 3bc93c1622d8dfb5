"""create note

Revision ID: 9990b64b441f
Revises:
Create Date: 2025-09-01 09:00:00.000000

"""

import sqlalchemy as sa
from alembic import op

revision = "9990b64b441f"
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
