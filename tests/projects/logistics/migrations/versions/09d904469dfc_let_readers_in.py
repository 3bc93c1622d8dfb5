"""let readers in

Revision ID: 09d904469dfc
Revises: 06d572a7c3ad
Create Date: 2024-09-14 15:20:00

"""

from alembic import op

revision = "09d904469dfc"
down_revision = "06d572a7c3ad"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("GRANT USAGE ON SCHEMA shipping TO logistics_reader, logistics_clerk")
    op.execute("GRANT USAGE ON SCHEMA billing TO logistics_reader, logistics_clerk")


def downgrade() -> None:
    op.execute("REVOKE USAGE ON SCHEMA billing FROM logistics_reader, logistics_clerk")
    op.execute("REVOKE USAGE ON SCHEMA shipping FROM logistics_reader, logistics_clerk")
