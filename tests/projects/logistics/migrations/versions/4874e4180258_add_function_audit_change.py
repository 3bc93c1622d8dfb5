"""add function audit change

Revision ID: 4874e4180258
Revises: b1827ea104a6
Create Date: 2024-10-24 16:16:00

"""

from alembic import op

revision = "4874e4180258"
down_revision = "b1827ea104a6"
branch_labels = None
depends_on = None


def upgrade() -> None:
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


def downgrade() -> None:
    op.execute("DROP FUNCTION public.audit_change()")
