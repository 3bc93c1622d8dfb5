"""give customers a public id

Revision ID: 4a65f79f74e2
Revises: b254dc5350b3
Create Date: 2025-04-17 20:21:00

"""

import sqlalchemy as sa
from alembic import op

revision = "4a65f79f74e2"
down_revision = "b254dc5350b3"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column(
        "customer",
        sa.Column(
            "public_id", sa.Uuid(), server_default=sa.text("gen_random_uuid()"), nullable=False
        ),
        schema="billing",
    )


def downgrade() -> None:
    op.drop_column("customer", "public_id", schema="billing")
