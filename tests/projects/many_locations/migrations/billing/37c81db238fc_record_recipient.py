"""record recipient

Revision ID: 37c81db238fc
Revises: 3d5a625b6048
Create Date: 2025-04-02 14:05:26.000000

"""

import sqlalchemy as sa
from alembic import op

revision = "37c81db238fc"
down_revision = "3d5a625b6048"
branch_labels = None
depends_on = "4e99083e16f6"


def upgrade() -> None:
    op.add_column("Invoice", sa.Column("sent_to", sa.Text()), schema="Billing Data")
    op.execute(
        """
        UPDATE "Billing Data"."Invoice" SET sent_to = email
        FROM account WHERE account.id = account_id
        """
    )


def downgrade() -> None:
    op.drop_column("Invoice", "sent_to", schema="Billing Data")
