"""add carrier contact

Revision ID: b81d034555ae
Revises: 38747d4720ca
Create Date: 2024-03-18 11:08:00

"""

import sqlalchemy as sa
from alembic import op

revision = "b81d034555ae"
down_revision = "38747d4720ca"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("carrier", sa.Column("phone", sa.String(40)), schema="shipping")
    op.add_column("carrier", sa.Column("email", sa.String(254)), schema="shipping")


def downgrade() -> None:
    op.drop_column("carrier", "email", schema="shipping")
    op.drop_column("carrier", "phone", schema="shipping")
