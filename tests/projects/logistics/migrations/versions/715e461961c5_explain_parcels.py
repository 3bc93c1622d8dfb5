"""explain parcels

Revision ID: 715e461961c5
Revises: 41df53340a57
Create Date: 2024-09-04 15:06:00

"""

from alembic import op

revision = "715e461961c5"
down_revision = "41df53340a57"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table_comment("parcel", "One box of a shipment", schema="shipping")
    op.alter_column(
        "parcel", "weight_grams", comment="as measured, packaging included", schema="shipping"
    )


def downgrade() -> None:
    op.alter_column("parcel", "weight_grams", comment=None, schema="shipping")
    op.drop_table_comment("parcel", schema="shipping")
