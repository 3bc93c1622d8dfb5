"""make driver licences unique

Revision ID: 4ebd65f7e9c7
Revises: fe5d0d228bba
Create Date: 2024-04-27 12:04:00

"""

from alembic import op

revision = "4ebd65f7e9c7"
down_revision = "fe5d0d228bba"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute(
        """
        UPDATE shipping.driver SET licence = NULL
        WHERE EXISTS (SELECT FROM shipping.driver o WHERE o.id < driver.id AND o.licence = driver.licence)
        """
    )
    op.create_unique_constraint(op.f("uq_driver_licence"), "driver", ["licence"], schema="shipping")


def downgrade() -> None:
    op.drop_constraint(op.f("uq_driver_licence"), "driver", type_="unique", schema="shipping")
