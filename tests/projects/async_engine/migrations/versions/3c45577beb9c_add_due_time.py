"""add due time

Revision ID: 3c45577beb9c
Revises: 7a3146ea43e4
Create Date: 2025-02-05 13:09:57.000000

"""

import sqlalchemy as sa
from alembic import op

revision = "3c45577beb9c"
down_revision = "7a3146ea43e4"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("job", sa.Column("due_at", sa.DateTime(timezone=True)))
    with op.get_context().autocommit_block():
        op.create_index("ix_job_due_at", "job", ["due_at"], postgresql_concurrently=True)


def downgrade() -> None:
    with op.get_context().autocommit_block():
        op.drop_index("ix_job_due_at", "job", postgresql_concurrently=True)
    op.drop_column("job", "due_at")
