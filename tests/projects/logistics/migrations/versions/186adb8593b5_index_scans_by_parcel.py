"""index scans by parcel

Revision ID: 186adb8593b5
Revises: 9aa0eae9b084
Create Date: 2024-08-10 14:31:00

"""

from alembic import op

revision = "186adb8593b5"
down_revision = "9aa0eae9b084"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index("ix_scan_event_parcel_id", "scan_event", ["parcel_id"], schema="shipping")


def downgrade() -> None:
    op.drop_index("ix_scan_event_parcel_id", table_name="scan_event", schema="shipping")
