"""index title

Revision ID: 957a8ea6a040
Revises: ceed697d4902
Create Date: 2025-09-03 09:00:00.000000

"""

from alembic import op

revision = "957a8ea6a040"
down_revision = "ceed697d4902"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index("ix_note_title", "note", ["title"])


def downgrade() -> None:
    op.drop_index("ix_note_title", "note")
