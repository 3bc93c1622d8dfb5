"""require a declared value

Revision ID: af7aa7a65da9
Revises: ed46319e67fe
Create Date: 2024-11-23 16:58:00

"""

import sqlalchemy as sa
from alembic import op

revision = "af7aa7a65da9"
down_revision = "ed46319e67fe"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute(
        """
        UPDATE shipping.customs_declaration SET declared_value = 0
        WHERE declared_value IS NULL OR declared_value < 0
        """
    )
    op.alter_column(
        "customs_declaration", "declared_value", server_default=sa.text("0"), schema="shipping"
    )
    op.alter_column("customs_declaration", "declared_value", nullable=False, schema="shipping")
    op.create_check_constraint(
        op.f("ck_customs_declaration_declared_value_not_negative"),
        "customs_declaration",
        "declared_value >= 0",
        schema="shipping",
    )


def downgrade() -> None:
    op.drop_constraint(
        op.f("ck_customs_declaration_declared_value_not_negative"),
        "customs_declaration",
        type_="check",
        schema="shipping",
    )
    op.alter_column("customs_declaration", "declared_value", nullable=True, schema="shipping")
    op.alter_column("customs_declaration", "declared_value", server_default=None, schema="shipping")
