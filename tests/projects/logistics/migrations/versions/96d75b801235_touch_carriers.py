"""touch carriers

Revision ID: 96d75b801235
Revises: 4c6be6a88cca
Create Date: 2024-04-02 11:29:00

"""

import sqlalchemy as sa
from alembic import op

revision = "96d75b801235"
down_revision = "4c6be6a88cca"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column(
        "carrier",
        sa.Column(
            "updated_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        schema="shipping",
    )
    op.execute(
        """
        CREATE TRIGGER touch BEFORE UPDATE ON shipping.carrier
        FOR EACH ROW EXECUTE FUNCTION public.touch_updated_at()
        """
    )


def downgrade() -> None:
    op.execute("DROP TRIGGER touch ON shipping.carrier")
    op.drop_column("carrier", "updated_at", schema="shipping")
