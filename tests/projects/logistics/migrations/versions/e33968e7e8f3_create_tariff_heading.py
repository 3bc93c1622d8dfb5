"""create tariff heading

Revision ID: e33968e7e8f3
Revises: 6dc1197769ec
Create Date: 2024-12-03 17:12:00

"""

import sqlalchemy as sa
from alembic import op

revision = "e33968e7e8f3"
down_revision = "6dc1197769ec"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "tariff_heading",
        sa.Column("id", sa.Integer(), sa.Identity(always=True), nullable=False),
        sa.Column("code", sa.String(10), nullable=False),
        sa.Column("description", sa.Text(), server_default=sa.text("''"), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_tariff_heading")),
        sa.UniqueConstraint("code", name=op.f("uq_tariff_heading_code")),
        schema="shipping",
    )


def downgrade() -> None:
    op.drop_table("tariff_heading", schema="shipping")
