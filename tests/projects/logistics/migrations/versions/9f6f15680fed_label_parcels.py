"""label parcels

Revision ID: 9f6f15680fed
Revises: 311d31cd85f4
Create Date: 2024-06-26 13:28:00

"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "9f6f15680fed"
down_revision = "311d31cd85f4"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column(
        "parcel",
        sa.Column("labels", postgresql.HSTORE(), server_default=sa.text("''"), nullable=False),
        schema="shipping",
    )


def downgrade() -> None:
    op.drop_column("parcel", "labels", schema="shipping")
