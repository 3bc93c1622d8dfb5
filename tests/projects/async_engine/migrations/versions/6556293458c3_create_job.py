"""create job

Revision ID: 6556293458c3
Revises:
Create Date: 2025-01-20 08:15:30.000000

"""

import sqlalchemy as sa
from alembic import op

revision = "6556293458c3"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "job",
        sa.Column("id", sa.Integer(), primary_key=True),
        sa.Column("name", sa.Text(), nullable=False),
    )


def downgrade() -> None:
    op.drop_table("job")
