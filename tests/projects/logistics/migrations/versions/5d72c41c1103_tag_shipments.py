"""tag shipments

Revision ID: 5d72c41c1103
Revises: 9ba4c04133d9
Create Date: 2025-04-02 20:00:00

"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "5d72c41c1103"
down_revision = "9ba4c04133d9"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column(
        "shipment",
        sa.Column(
            "tags", postgresql.ARRAY(sa.Text()), server_default=sa.text("'{}'"), nullable=False
        ),
        schema="shipping",
    )


def downgrade() -> None:
    op.drop_column("shipment", "tags", schema="shipping")
