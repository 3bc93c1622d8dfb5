"""create driver

Revision ID: 2425d5a21e76
Revises: 1a33e94c0ed0
Create Date: 2024-02-12 10:19:00

"""

import sqlalchemy as sa
from alembic import op

revision = "2425d5a21e76"
down_revision = "1a33e94c0ed0"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "driver",
        sa.Column("id", sa.Integer(), sa.Identity(always=True), nullable=False),
        sa.Column("carrier_id", sa.Integer()),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("licence", sa.String(64)),
        sa.ForeignKeyConstraint(
            ["carrier_id"], ["shipping.carrier.id"], name=op.f("fk_driver_carrier_id_carrier")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_driver")),
        schema="shipping",
    )


def downgrade() -> None:
    op.drop_table("driver", schema="shipping")
