"""create tag

Revision ID: 51672e9b8830
Revises: 3902317c2c88
Create Date: 2025-07-09 15:45:44.000000

"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "51672e9b8830"
down_revision: str | Sequence[str] | None = "3902317c2c88"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    op.create_table(
        "tag",
        sa.Column("id", sa.Integer(), primary_key=True),
        sa.Column("name", sa.Text(), nullable=False),
    )


def downgrade() -> None:
    op.drop_table("tag")
