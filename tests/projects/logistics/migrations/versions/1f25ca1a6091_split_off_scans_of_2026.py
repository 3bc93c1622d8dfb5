"""split off scans of 2026

Revision ID: 1f25ca1a6091
Revises: e77561d497b4
Create Date: 2025-07-16 22:27:00

"""

from alembic import op

revision = "1f25ca1a6091"
down_revision = "e77561d497b4"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute(
        "CREATE TABLE shipping.scan_event_2026 (LIKE shipping.scan_event INCLUDING DEFAULTS)"
    )
    op.execute(
        """
        WITH moved AS (DELETE FROM shipping.scan_event WHERE scanned_at >= '2026-01-01+00' AND scanned_at < '2027-01-01+00' RETURNING *)
        INSERT INTO shipping.scan_event_2026 SELECT * FROM moved
        """
    )
    op.execute(
        """
        ALTER TABLE shipping.scan_event ATTACH PARTITION shipping.scan_event_2026
        FOR VALUES FROM ('2026-01-01+00') TO ('2027-01-01+00')
        """
    )


def downgrade() -> None:
    op.execute("ALTER TABLE shipping.scan_event DETACH PARTITION shipping.scan_event_2026")
    op.execute("INSERT INTO shipping.scan_event SELECT * FROM shipping.scan_event_2026")
    op.execute("DROP TABLE shipping.scan_event_2026")
