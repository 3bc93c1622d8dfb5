"""index title

Revision ID: ed7760b0e974
Revises: 31540e094529
Create Date: 2025-03-03 11:20:08.000000

"""

from alembic import op

revision = "ed7760b0e974"
down_revision = "31540e094529"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index("ix_note_title", "note", ["title"])


def downgrade() -> None:
    op.drop_index("ix_note_title", "note")
