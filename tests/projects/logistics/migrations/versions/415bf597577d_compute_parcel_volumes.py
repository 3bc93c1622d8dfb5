"""compute parcel volumes

Revision ID: 415bf597577d
Revises: f7ea290a699c
Create Date: 2024-07-11 13:49:00

"""

import sqlalchemy as sa
from alembic import op

revision = "415bf597577d"
down_revision = "f7ea290a699c"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column(
        "parcel",
        sa.Column(
            "volume_cm3",
            sa.Numeric(),
            sa.Computed(
                "length_mm::numeric * width_mm::numeric * height_mm::numeric / 1000::numeric",
                persisted=True,
            ),
        ),
        schema="shipping",
    )


def downgrade() -> None:
    op.drop_column("parcel", "volume_cm3", schema="shipping")
