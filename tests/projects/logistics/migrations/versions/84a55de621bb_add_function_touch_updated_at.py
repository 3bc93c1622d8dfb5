"""add function touch updated at

Revision ID: 84a55de621bb
Revises: 2ba84558c26d
Create Date: 2024-01-18 09:44:00

"""

from alembic import op

revision = "84a55de621bb"
down_revision = "2ba84558c26d"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute(
        """
        CREATE OR REPLACE FUNCTION public.touch_updated_at() RETURNS trigger
        LANGUAGE plpgsql AS $$
        BEGIN
            NEW.updated_at = now();
            RETURN NEW;
        END
        $$
        """
    )


def downgrade() -> None:
    op.execute("DROP FUNCTION public.touch_updated_at()")
