"""call a lorry a truck

Revision ID: 14ad5fb58814
Revises: da2c28cf4d1e
Create Date: 2025-01-07 18:01:00

"""

from alembic import op

revision = "14ad5fb58814"
down_revision = "da2c28cf4d1e"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("ALTER TYPE shipping.carrier_kind RENAME VALUE 'lorry' TO 'truck'")


def downgrade() -> None:
    op.execute("ALTER TYPE shipping.carrier_kind RENAME VALUE 'truck' TO 'lorry'")
