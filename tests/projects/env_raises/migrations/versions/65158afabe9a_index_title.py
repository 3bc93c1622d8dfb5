"""index title

Revision ID: 65158afabe9a
Revises: 3844b70b67de
Create Date: 2025-09-03 09:00:00.000000

"""

from alembic import op

revision = "65158afabe9a"
down_revision = "3844b70b67de"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index("ix_note_title", "note", ["title"])


def downgrade() -> None:
    op.drop_index("ix_note_title", "note")
