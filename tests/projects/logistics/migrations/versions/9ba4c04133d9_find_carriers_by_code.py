"""find carriers by code

Revision ID: 9ba4c04133d9
Revises: ad01285b0c78
Create Date: 2025-03-28 19:53:00

"""

import sqlalchemy as sa
from alembic import op

revision = "9ba4c04133d9"
down_revision = "ad01285b0c78"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.get_context().autocommit_block():
        op.drop_index(
            "ix_carrier_lower_code",
            table_name="carrier",
            schema="shipping",
            postgresql_concurrently=True,
            if_exists=True,
        )
        op.create_index(
            "ix_carrier_lower_code",
            "carrier",
            [sa.text("lower(code::text)")],
            schema="shipping",
            postgresql_concurrently=True,
        )


def downgrade() -> None:
    with op.get_context().autocommit_block():
        op.drop_index(
            "ix_carrier_lower_code",
            table_name="carrier",
            schema="shipping",
            postgresql_concurrently=True,
            if_exists=True,
        )
