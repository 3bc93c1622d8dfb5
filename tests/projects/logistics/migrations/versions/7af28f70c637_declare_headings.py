"""declare headings

Revision ID: 7af28f70c637
Revises: e33968e7e8f3
Create Date: 2024-12-08 17:19:00

"""

import sqlalchemy as sa
from alembic import op

revision = "7af28f70c637"
down_revision = "e33968e7e8f3"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("customs_declaration", sa.Column("heading_id", sa.Integer()), schema="shipping")
    op.create_foreign_key(
        op.f("fk_customs_declaration_heading_id_tariff_heading"),
        "customs_declaration",
        "tariff_heading",
        ["heading_id"],
        ["id"],
        source_schema="shipping",
        referent_schema="shipping",
    )
    op.create_index(
        "ix_customs_declaration_heading_id",
        "customs_declaration",
        ["heading_id"],
        schema="shipping",
        postgresql_where=sa.text("heading_id IS NOT NULL"),
    )


def downgrade() -> None:
    op.drop_index(
        "ix_customs_declaration_heading_id", table_name="customs_declaration", schema="shipping"
    )
    op.drop_column("customs_declaration", "heading_id", schema="shipping")
