"""create tracking note

Revision ID: 2d13bc684ceb
Revises: c6516831075f
Create Date: 2025-05-12 20:56:00

"""

import sqlalchemy as sa
from alembic import op

revision = "2d13bc684ceb"
down_revision = "c6516831075f"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "tracking_note",
        sa.Column("id", sa.Integer(), sa.Identity(always=True), nullable=False),
        sa.Column("parcel_id", sa.Integer(), nullable=False),
        sa.Column("body", sa.Text(), server_default=sa.text("''"), nullable=False),
        sa.Column("read_at", sa.DateTime(timezone=True)),
        sa.ForeignKeyConstraint(
            ["parcel_id"], ["shipping.parcel.id"], name=op.f("fk_tracking_note_parcel_id_parcel")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_tracking_note")),
        schema="shipping",
    )


def downgrade() -> None:
    op.drop_table("tracking_note", schema="shipping")
