"""drop app setting

Revision ID: 0dd46c111f9d
Revises: 2052afee9321
Create Date: 2025-07-01 22:06:00

"""

import sqlalchemy as sa
from alembic import op

revision = "0dd46c111f9d"
down_revision = "2052afee9321"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.drop_table("app_setting")


def downgrade() -> None:
    op.create_table(
        "app_setting",
        sa.Column("id", sa.Integer(), sa.Identity(always=True), nullable=False),
        sa.Column("key", sa.String(64), nullable=False),
        sa.Column("value", sa.Text()),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_app_setting")),
        sa.UniqueConstraint("key", name=op.f("uq_app_setting_key")),
    )
