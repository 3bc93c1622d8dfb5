"""rename driver name

Revision ID: fe5d0d228bba
Revises: 889b51bfd920
Create Date: 2024-04-22 11:57:00

"""

from alembic import op

revision = "fe5d0d228bba"
down_revision = "889b51bfd920"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.alter_column("driver", "name", new_column_name="full_name", schema="shipping")


def downgrade() -> None:
    op.alter_column("driver", "full_name", new_column_name="name", schema="shipping")
