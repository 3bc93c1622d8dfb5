"""require tariff code

Revision ID: 0a54dadb80a6
Revises: 14f3902f8d52
Create Date: 2025-08-05 22:55:00

"""

import sqlalchemy as sa
from alembic import op

revision = "0a54dadb80a6"
down_revision = "14f3902f8d52"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("UPDATE billing.tariff SET code = 'T-' || id WHERE code IS NULL")
    op.execute(
        """
        UPDATE billing.tariff SET code = left(code, 27) || '-' || gen_random_uuid()
        WHERE EXISTS (SELECT FROM billing.tariff o WHERE o.id < tariff.id AND o.code = tariff.code)
        """
    )
    op.alter_column("tariff", "code", server_default=sa.text("gen_random_uuid()"), schema="billing")
    op.alter_column("tariff", "code", nullable=False, schema="billing")
    op.create_unique_constraint(op.f("uq_tariff_code"), "tariff", ["code"], schema="billing")


def downgrade() -> None:
    op.drop_constraint(op.f("uq_tariff_code"), "tariff", type_="unique", schema="billing")
    op.alter_column("tariff", "code", nullable=True, schema="billing")
    op.alter_column("tariff", "code", server_default=None, schema="billing")
