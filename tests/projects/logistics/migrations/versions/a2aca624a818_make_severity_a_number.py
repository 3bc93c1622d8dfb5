"""make severity a number

Revision ID: a2aca624a818
Revises: edd1800774aa
Create Date: 2024-12-18 17:33:00

"""

from alembic import op

revision = "a2aca624a818"
down_revision = "edd1800774aa"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute(
        """
        ALTER TABLE shipping.incident ALTER COLUMN severity TYPE smallint
        USING CASE WHEN severity ~ '^[0-9]{1,4}$' THEN severity::smallint END
        """
    )


def downgrade() -> None:
    op.execute("ALTER TABLE shipping.incident ALTER COLUMN severity TYPE text")
