"""audit deletions

Revision ID: 6b64eeabc256
Revises: 46909dac4b57
Create Date: 2024-11-08 16:37:00

"""

from alembic import op

revision = "6b64eeabc256"
down_revision = "46909dac4b57"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute(
        """
        CREATE OR REPLACE FUNCTION public.audit_change() RETURNS trigger
        LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
        BEGIN
            INSERT INTO public.audit_entry (subject, row_data)
            VALUES (TG_TABLE_SCHEMA || '.' || TG_TABLE_NAME, to_jsonb(COALESCE(NEW, OLD)));
            RETURN NULL;
        END
        $$
        """
    )


def downgrade() -> None:
    op.execute(
        """
        CREATE OR REPLACE FUNCTION public.audit_change() RETURNS trigger
        LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
        BEGIN
            INSERT INTO public.audit_entry (subject, row_data)
            VALUES (TG_TABLE_SCHEMA || '.' || TG_TABLE_NAME, to_jsonb(NEW));
            RETURN NULL;
        END
        $$
        """
    )
