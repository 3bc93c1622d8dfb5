"""create audit entry

Revision ID: b1827ea104a6
Revises: 9ad86e265e48
Create Date: 2024-10-19 16:09:00

"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "b1827ea104a6"
down_revision = "9ad86e265e48"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "audit_entry",
        sa.Column("id", sa.Integer(), sa.Identity(always=True), nullable=False),
        sa.Column("subject", sa.String(120), nullable=False),
        sa.Column("row_data", postgresql.JSONB(), server_default=sa.text("'{}'"), nullable=False),
        sa.Column("made_by", sa.Text(), server_default=sa.text("CURRENT_USER"), nullable=False),
        sa.Column(
            "made_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_audit_entry")),
    )
    op.create_index("ix_audit_entry_made_at", "audit_entry", ["made_at"], postgresql_using="brin")


def downgrade() -> None:
    op.drop_index("ix_audit_entry_made_at", table_name="audit_entry")
    op.drop_table("audit_entry")
