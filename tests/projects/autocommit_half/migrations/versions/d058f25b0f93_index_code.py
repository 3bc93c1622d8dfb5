"""index code

Revision ID: d058f25b0f93
Revises: e5e2ebcca424
Create Date: 2025-08-13 09:00:00.000000

"""

from alembic import op

revision = "d058f25b0f93"
down_revision = "e5e2ebcca424"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.get_context().autocommit_block():
        op.create_index("ix_item_code", "item", ["code"], postgresql_concurrently=True)
    op.execute("UPDATE item SET code = w.code FROM warehouse w WHERE w.name = item.name")


def downgrade() -> None:
    with op.get_context().autocommit_block():
        op.drop_index("ix_item_code", "item", postgresql_concurrently=True)
