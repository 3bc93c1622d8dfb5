"""delay route stops

Revision ID: 5a2c03f11d9e
Revises: 5086a9de8c90
Create Date: 2025-05-02 20:42:00

"""

import sqlalchemy as sa
from alembic import op

revision = "5a2c03f11d9e"
down_revision = "5086a9de8c90"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column(
        "route_stop",
        sa.Column("delay", sa.Interval(), server_default=sa.text("'00:00:00'"), nullable=False),
        schema="shipping",
    )
    op.add_column("route_stop", sa.Column("opens_at", sa.Time()), schema="shipping")


def downgrade() -> None:
    op.drop_column("route_stop", "opens_at", schema="shipping")
    op.drop_column("route_stop", "delay", schema="shipping")
