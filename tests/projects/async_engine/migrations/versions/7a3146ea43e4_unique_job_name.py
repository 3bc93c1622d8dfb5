"""unique job name

Revision ID: 7a3146ea43e4
Revises: 6556293458c3
Create Date: 2025-01-21 10:44:03.000000

"""

from alembic import op

revision = "7a3146ea43e4"
down_revision = "6556293458c3"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_unique_constraint("job_name_key", "job", ["name"])


def downgrade() -> None:
    op.drop_constraint("job_name_key", "job")
