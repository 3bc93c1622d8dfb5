"""make plates unique

Revision ID: 13988be9b3c6
Revises: 4ebd65f7e9c7
Create Date: 2024-05-02 12:11:00

"""

from alembic import op

revision = "13988be9b3c6"
down_revision = "4ebd65f7e9c7"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute(
        """
        UPDATE shipping.vehicle SET plate = md5(gen_random_uuid()::text)
        WHERE EXISTS (SELECT FROM shipping.vehicle o WHERE o.id < vehicle.id AND o.plate = vehicle.plate)
        """
    )
    op.create_unique_constraint(op.f("uq_vehicle_plate"), "vehicle", ["plate"], schema="shipping")


def downgrade() -> None:
    op.drop_constraint(op.f("uq_vehicle_plate"), "vehicle", type_="unique", schema="shipping")
