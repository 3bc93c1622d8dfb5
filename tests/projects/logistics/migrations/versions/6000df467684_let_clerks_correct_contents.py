"""let clerks correct contents

Revision ID: 6000df467684
Revises: 7f0b06d6422b
Create Date: 2024-09-24 15:34:00

"""

from alembic import op

revision = "6000df467684"
down_revision = "7f0b06d6422b"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("GRANT SELECT, UPDATE (contents) ON shipping.parcel TO logistics_clerk")


def downgrade() -> None:
    op.execute("REVOKE SELECT, UPDATE (contents) ON shipping.parcel FROM logistics_clerk")
