"""create tariff

Revision ID: c672062c73c6
Revises: 36b0123bf099
Create Date: 2024-10-04 15:48:00

"""

import sqlalchemy as sa
from alembic import op

revision = "c672062c73c6"
down_revision = "36b0123bf099"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "tariff",
        sa.Column("id", sa.Integer(), sa.Identity(always=True), nullable=False),
        sa.Column("name", sa.String(120), nullable=False),
        sa.Column("valid_from", sa.Date()),
        sa.Column("valid_to", sa.Date()),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_tariff")),
        schema="billing",
    )


def downgrade() -> None:
    op.drop_table("tariff", schema="billing")
