"""merge customs

Revision ID: 6569f0c4d894
Revises: 14ad5fb58814, 76d06cae6dba
Create Date: 2025-01-22 18:22:00

"""

revision = "6569f0c4d894"
down_revision = ("14ad5fb58814", "76d06cae6dba")
branch_labels = None
depends_on = None


def upgrade() -> None:
    pass


def downgrade() -> None:
    pass
