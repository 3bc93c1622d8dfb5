"""rename tracking note

Revision ID: aeebcd83b6d8
Revises: 2d13bc684ceb
Create Date: 2025-05-17 21:03:00

"""

from alembic import op

revision = "aeebcd83b6d8"
down_revision = "2d13bc684ceb"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("ALTER TABLE shipping.tracking_note RENAME TO note")
    op.execute("ALTER SEQUENCE shipping.tracking_note_id_seq RENAME TO note_id_seq")
    op.execute("ALTER TABLE shipping.note RENAME CONSTRAINT pk_tracking_note TO pk_note")
    op.execute(
        "ALTER TABLE shipping.note RENAME CONSTRAINT fk_tracking_note_parcel_id_parcel TO fk_note_parcel_id_parcel"
    )


def downgrade() -> None:
    op.execute(
        "ALTER TABLE shipping.note RENAME CONSTRAINT fk_note_parcel_id_parcel TO fk_tracking_note_parcel_id_parcel"
    )
    op.execute("ALTER TABLE shipping.note RENAME CONSTRAINT pk_note TO pk_tracking_note")
    op.execute("ALTER SEQUENCE shipping.note_id_seq RENAME TO tracking_note_id_seq")
    op.execute("ALTER TABLE shipping.note RENAME TO tracking_note")
