"""index active carriers

Revision ID: 4c6be6a88cca
Revises: db7ae9999c45
Create Date: 2024-03-28 11:22:00

"""

import sqlalchemy as sa
from alembic import op

revision = "4c6be6a88cca"
down_revision = "db7ae9999c45"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index(
        "ix_carrier_name_active",
        "carrier",
        ["name"],
        schema="shipping",
        postgresql_where=sa.text("active"),
    )


def downgrade() -> None:
    op.drop_index("ix_carrier_name_active", table_name="carrier", schema="shipping")
