"""let readers read new billing tables

Revision ID: 36b0123bf099
Revises: 6000df467684
Create Date: 2024-09-29 15:41:00

"""

from alembic import op

revision = "36b0123bf099"
down_revision = "6000df467684"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute(
        "ALTER DEFAULT PRIVILEGES IN SCHEMA billing GRANT SELECT ON TABLES TO logistics_reader"
    )


def downgrade() -> None:
    op.execute(
        "ALTER DEFAULT PRIVILEGES IN SCHEMA billing REVOKE SELECT ON TABLES FROM logistics_reader"
    )
