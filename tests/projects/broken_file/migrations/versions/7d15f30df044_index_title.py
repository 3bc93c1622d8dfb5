"""index title

Revision ID: 7d15f30df044
Revises: 7ec09388006b
Create Date: 2025-09-03 09:00:00.000000

"""

from alembic import op

revision = "7d15f30df044"
down_revision = "7ec09388006b"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index("ix_note_title", "note", ["title"]


def downgrade() -> None:
    op.drop_index("ix_note_title", "note")
