"""create scan event

Revision ID: fa24ffff54d2
Revises: f174a3a1672b
Create Date: 2024-07-31 14:17:00

"""

from alembic import op

revision = "fa24ffff54d2"
down_revision = "f174a3a1672b"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("CREATE SEQUENCE shipping.scan_event_id_seq AS bigint CACHE 20")
    op.execute(
        """
        CREATE TABLE shipping.scan_event (
            id bigint NOT NULL DEFAULT nextval('shipping.scan_event_id_seq'),
            parcel_id integer NOT NULL,
            scanned_at timestamptz NOT NULL DEFAULT now(),
            place text,
            CONSTRAINT pk_scan_event PRIMARY KEY (id, scanned_at),
            CONSTRAINT fk_scan_event_parcel_id_parcel FOREIGN KEY (parcel_id) REFERENCES shipping.parcel
        ) PARTITION BY RANGE (scanned_at)
        """
    )
    op.execute("CREATE TABLE shipping.scan_event_rest PARTITION OF shipping.scan_event DEFAULT")


def downgrade() -> None:
    op.execute("DROP TABLE shipping.scan_event")
    op.execute("DROP SEQUENCE shipping.scan_event_id_seq")
