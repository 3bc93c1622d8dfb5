"""create carrier

Revision ID: 6d365028f9ae
Revises: 84a55de621bb
Create Date: 2024-01-23 09:51:00

"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "6d365028f9ae"
down_revision = "84a55de621bb"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("CREATE TYPE shipping.carrier_kind AS ENUM ('lorry', 'rail', 'sea', 'air')")
    op.create_table(
        "carrier",
        sa.Column("id", sa.Integer(), sa.Identity(always=True), nullable=False),
        sa.Column("name", sa.String(120), nullable=False),
        sa.Column("code", sa.String(16), nullable=False),
        sa.Column(
            "kind",
            postgresql.ENUM(name="carrier_kind", schema="shipping", create_type=False),
            server_default=sa.text("'lorry'"),
            nullable=False,
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_carrier")),
        schema="shipping",
    )


def downgrade() -> None:
    op.drop_table("carrier", schema="shipping")
    op.execute("DROP TYPE shipping.carrier_kind")
