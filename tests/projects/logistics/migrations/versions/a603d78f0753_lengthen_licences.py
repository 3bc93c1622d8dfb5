"""lengthen licences

Revision ID: a603d78f0753
Revises: 0eb33913cfb7
Create Date: 2025-02-06 18:43:00

"""

from alembic import op

revision = "a603d78f0753"
down_revision = "0eb33913cfb7"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("ALTER TABLE shipping.driver ALTER COLUMN licence TYPE varchar(80)")


def downgrade() -> None:
    op.execute(
        "ALTER TABLE shipping.driver ALTER COLUMN licence TYPE varchar(64) USING left(licence, 64)"
    )
