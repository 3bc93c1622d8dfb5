"""create app setting

Revision ID: 2ba84558c26d
Revises: 09e3d050b981
Create Date: 2024-01-13 09:37:00

"""

import sqlalchemy as sa
from alembic import op

revision = "2ba84558c26d"
down_revision = "09e3d050b981"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "app_setting",
        sa.Column("id", sa.Integer(), sa.Identity(always=True), nullable=False),
        sa.Column("key", sa.String(64), nullable=False),
        sa.Column("value", sa.Text()),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_app_setting")),
        sa.UniqueConstraint("key", name=op.f("uq_app_setting_key")),
    )


def downgrade() -> None:
    op.drop_table("app_setting")
