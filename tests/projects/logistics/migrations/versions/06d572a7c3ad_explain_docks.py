"""explain docks

Revision ID: 06d572a7c3ad
Revises: 715e461961c5
Create Date: 2024-09-09 15:13:00

"""

from alembic import op

revision = "06d572a7c3ad"
down_revision = "715e461961c5"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table_comment("dock", "A door that one vehicle at a time can use", schema="shipping")


def downgrade() -> None:
    op.drop_table_comment("dock", schema="shipping")
