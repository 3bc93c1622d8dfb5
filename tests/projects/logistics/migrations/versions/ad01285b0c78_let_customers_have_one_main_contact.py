"""let customers have one main contact

Revision ID: ad01285b0c78
Revises: d814daff7bd5
Create Date: 2025-03-23 19:46:00

"""

import sqlalchemy as sa
from alembic import op

revision = "ad01285b0c78"
down_revision = "d814daff7bd5"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute(
        """
        UPDATE billing.contact SET is_main = false
        WHERE is_main AND EXISTS (
            SELECT FROM billing.contact o
            WHERE o.is_main AND o.id < contact.id AND o.customer_id = contact.customer_id
        )
        """
    )
    op.create_index(
        "uq_contact_main",
        "contact",
        ["customer_id"],
        schema="billing",
        unique=True,
        postgresql_where=sa.text("is_main"),
    )


def downgrade() -> None:
    op.drop_index("uq_contact_main", table_name="contact", schema="billing")
