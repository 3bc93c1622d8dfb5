"""search customers by name

Revision ID: aa38eb1cad2e
Revises: 1729601c477b
Create Date: 2024-06-16 13:14:00

"""

from alembic import op

revision = "aa38eb1cad2e"
down_revision = "1729601c477b"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.get_context().autocommit_block():
        op.drop_index(
            "ix_customer_name",
            table_name="customer",
            schema="billing",
            postgresql_concurrently=True,
            if_exists=True,
        )
        op.create_index(
            "ix_customer_name",
            "customer",
            ["name"],
            schema="billing",
            postgresql_using="gin",
            postgresql_ops={"name": "gin_trgm_ops"},
            postgresql_concurrently=True,
        )


def downgrade() -> None:
    with op.get_context().autocommit_block():
        op.drop_index(
            "ix_customer_name",
            table_name="customer",
            schema="billing",
            postgresql_concurrently=True,
            if_exists=True,
        )
