"""split off scans of 2025

Revision ID: f45071807438
Revises: 186adb8593b5
Create Date: 2024-08-15 14:38:00

"""

from alembic import op

revision = "f45071807438"
down_revision = "186adb8593b5"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute(
        "CREATE TABLE shipping.scan_event_2025 (LIKE shipping.scan_event INCLUDING DEFAULTS)"
    )
    op.execute(
        """
        WITH moved AS (DELETE FROM shipping.scan_event WHERE scanned_at >= '2025-01-01+00' AND scanned_at < '2026-01-01+00' RETURNING *)
        INSERT INTO shipping.scan_event_2025 SELECT * FROM moved
        """
    )
    op.execute(
        """
        ALTER TABLE shipping.scan_event ATTACH PARTITION shipping.scan_event_2025
        FOR VALUES FROM ('2025-01-01+00') TO ('2026-01-01+00')
        """
    )


def downgrade() -> None:
    op.execute("ALTER TABLE shipping.scan_event DETACH PARTITION shipping.scan_event_2025")
    op.execute("INSERT INTO shipping.scan_event SELECT * FROM shipping.scan_event_2025")
    op.execute("DROP TABLE shipping.scan_event_2025")
