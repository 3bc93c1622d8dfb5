"""split off scans of 2024

Revision ID: 9aa0eae9b084
Revises: fa24ffff54d2
Create Date: 2024-08-05 14:24:00

"""

from alembic import op

revision = "9aa0eae9b084"
down_revision = "fa24ffff54d2"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute(
        "CREATE TABLE shipping.scan_event_2024 (LIKE shipping.scan_event INCLUDING DEFAULTS)"
    )
    op.execute(
        """
        WITH moved AS (DELETE FROM shipping.scan_event WHERE scanned_at >= '2024-01-01+00' AND scanned_at < '2025-01-01+00' RETURNING *)
        INSERT INTO shipping.scan_event_2024 SELECT * FROM moved
        """
    )
    op.execute(
        """
        ALTER TABLE shipping.scan_event ATTACH PARTITION shipping.scan_event_2024
        FOR VALUES FROM ('2024-01-01+00') TO ('2025-01-01+00')
        """
    )


def downgrade() -> None:
    op.execute("ALTER TABLE shipping.scan_event DETACH PARTITION shipping.scan_event_2024")
    op.execute("INSERT INTO shipping.scan_event SELECT * FROM shipping.scan_event_2024")
    op.execute("DROP TABLE shipping.scan_event_2024")
