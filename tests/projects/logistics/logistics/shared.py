from typing import Any

from sqlalchemy import Index, String, UniqueConstraint, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from logistics.base import Base, Key, Moment, Name


class Region(Base):
    __tablename__ = "region"
    __table_args__ = (UniqueConstraint("code"),)

    id: Mapped[Key]
    code: Mapped[str] = mapped_column(String(8))
    name: Mapped[Name]


class AuditEntry(Base):
    __tablename__ = "audit_entry"
    __table_args__ = (Index(None, "made_at", postgresql_using="brin"),)

    id: Mapped[Key]
    subject: Mapped[Name]
    row_data: Mapped[dict[str, Any]] = mapped_column(JSONB, server_default="{}")
    made_by: Mapped[str] = mapped_column(server_default=text("CURRENT_USER"))
    made_at: Mapped[Moment]
