"""ignore case in emails

Revision ID: f1d4dcf952a4
Revises: 9f6f15680fed
Create Date: 2024-07-01 13:35:00

"""

from alembic import op

revision = "f1d4dcf952a4"
down_revision = "9f6f15680fed"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("ALTER TABLE billing.customer ALTER COLUMN email TYPE citext")


def downgrade() -> None:
    op.execute(
        "ALTER TABLE billing.customer ALTER COLUMN email TYPE varchar(254) USING left(email::text, 254)"
    )
