"""explain the domain

Revision ID: a693f09a892f
Revises: d74098cc3470
Create Date: 2025-07-26 22:41:00

"""

from alembic import op

revision = "a693f09a892f"
down_revision = "d74098cc3470"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("COMMENT ON DOMAIN billing.currency IS 'ISO 4217'")


def downgrade() -> None:
    op.execute("COMMENT ON DOMAIN billing.currency IS NULL")
