"""inspect incidents at customs

Revision ID: b4b4c53a6a5b
Revises: 7af28f70c637
Create Date: 2025-01-12 18:08:00

"""

import sqlalchemy as sa
from alembic import op

revision = "b4b4c53a6a5b"
down_revision = "7af28f70c637"
branch_labels = None
depends_on = "edd1800774aa"


def upgrade() -> None:
    op.add_column("customs_declaration", sa.Column("incident_id", sa.Integer()), schema="shipping")
    op.create_foreign_key(
        op.f("fk_customs_declaration_incident_id_incident"),
        "customs_declaration",
        "incident",
        ["incident_id"],
        ["id"],
        source_schema="shipping",
        referent_schema="shipping",
    )


def downgrade() -> None:
    op.drop_column("customs_declaration", "incident_id", schema="shipping")
