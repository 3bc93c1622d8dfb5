"""make customs regime an enum

Revision ID: 6dc1197769ec
Revises: af7aa7a65da9
Create Date: 2024-11-28 17:05:00

"""

from alembic import op

revision = "6dc1197769ec"
down_revision = "af7aa7a65da9"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("CREATE TYPE shipping.customs_regime AS ENUM ('import', 'export', 'transit')")
    op.execute(
        """
        ALTER TABLE shipping.customs_declaration ALTER COLUMN regime TYPE shipping.customs_regime
        USING CASE WHEN lower(regime) IN ('import', 'export', 'transit') THEN lower(regime)::shipping.customs_regime END
        """
    )


def downgrade() -> None:
    op.execute("ALTER TABLE shipping.customs_declaration ALTER COLUMN regime TYPE text")
    op.execute("DROP TYPE shipping.customs_regime")
