"""limit severity

Revision ID: e16dacfc4e80
Revises: a2aca624a818
Create Date: 2024-12-23 17:40:00

"""

import sqlalchemy as sa
from alembic import op

revision = "e16dacfc4e80"
down_revision = "a2aca624a818"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute(
        "UPDATE shipping.incident SET severity = LEAST(GREATEST(COALESCE(severity, 1), 1), 5)"
    )
    op.alter_column("incident", "severity", server_default=sa.text("1"), schema="shipping")
    op.alter_column("incident", "severity", nullable=False, schema="shipping")
    op.create_check_constraint(
        op.f("ck_incident_severity_range"),
        "incident",
        "severity >= 1 AND severity <= 5",
        schema="shipping",
    )


def downgrade() -> None:
    op.drop_constraint(
        op.f("ck_incident_severity_range"), "incident", type_="check", schema="shipping"
    )
    op.alter_column("incident", "severity", nullable=True, schema="shipping")
    op.alter_column("incident", "severity", server_default=None, schema="shipping")
