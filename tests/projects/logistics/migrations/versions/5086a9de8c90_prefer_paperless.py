"""prefer paperless

Revision ID: 5086a9de8c90
Revises: 001b83463dc5
Create Date: 2025-04-27 20:35:00

"""

from alembic import op

revision = "5086a9de8c90"
down_revision = "001b83463dc5"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute(
        """
        UPDATE billing.customer SET preferences = jsonb_build_object('paperless', true)
        WHERE preferences = '{}'
        """
    )


def downgrade() -> None:
    pass
