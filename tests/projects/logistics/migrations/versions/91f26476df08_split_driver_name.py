"""split driver name

Revision ID: 91f26476df08
Revises: 0dd46c111f9d
Create Date: 2025-07-06 22:13:00

"""

import sqlalchemy as sa
from alembic import op

revision = "91f26476df08"
down_revision = "0dd46c111f9d"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("driver", sa.Column("given_name", sa.Text()), schema="shipping")
    op.add_column("driver", sa.Column("family_name", sa.Text()), schema="shipping")
    op.execute(
        """
        UPDATE shipping.driver SET given_name = split_part(full_name, ' ', 1),
            family_name = CASE WHEN full_name LIKE '% %' THEN substr(full_name, strpos(full_name, ' ') + 1) END
        """
    )


def downgrade() -> None:
    op.drop_column("driver", "family_name", schema="shipping")
    op.drop_column("driver", "given_name", schema="shipping")
