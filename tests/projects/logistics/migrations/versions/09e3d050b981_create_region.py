"""create region

Revision ID: 09e3d050b981
Revises:
Create Date: 2024-01-08 09:30:00

"""

import sqlalchemy as sa
from alembic import op

revision = "09e3d050b981"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "region",
        sa.Column("id", sa.Integer(), sa.Identity(always=True), nullable=False),
        sa.Column("code", sa.String(8), nullable=False),
        sa.Column("name", sa.String(120), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_region")),
        sa.UniqueConstraint("code", name=op.f("uq_region_code")),
    )


def downgrade() -> None:
    op.drop_table("region")
