import uuid
from datetime import date
from decimal import Decimal
from typing import Any

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Computed,
    Enum,
    ForeignKey,
    Index,
    Numeric,
    String,
    Text,
    UniqueConstraint,
    func,
    text,
)
from sqlalchemy.dialects.postgresql import CITEXT, DOMAIN, JSONB
from sqlalchemy.orm import Mapped, mapped_column

from logistics.base import Base, Key, Moment, Money, Name

SCHEMA = {"schema": "billing"}

Currency = DOMAIN(
    "currency",
    Text(),
    constraint_name="currency_code",
    check="VALUE ~ '^[A-Z]{3}$'",
    schema="billing",
    metadata=Base.metadata,
)


class Tariff(Base):
    __tablename__ = "tariff"
    __table_args__ = (UniqueConstraint("code"), SCHEMA)

    id: Mapped[Key]
    name: Mapped[Name]
    valid_from: Mapped[date | None]
    valid_to: Mapped[date | None]
    code: Mapped[str] = mapped_column(String(64), server_default=func.gen_random_uuid())


class TariffBand(Base):
    __tablename__ = "tariff_band"
    __table_args__ = (
        CheckConstraint("min_grams <= max_grams", name="ordered"),
        Index(None, "tariff_id", postgresql_include=["price"]),
        SCHEMA,
    )

    id: Mapped[Key]
    tariff_id: Mapped[int] = mapped_column(ForeignKey("billing.tariff.id", ondelete="CASCADE"))
    min_grams: Mapped[int] = mapped_column(server_default="0")
    max_grams: Mapped[int | None] = mapped_column(BigInteger)
    price: Mapped[Decimal] = mapped_column(Numeric(10, 2))


class Customer(Base):
    __tablename__ = "customer"
    __table_args__ = (
        UniqueConstraint("email"),
        UniqueConstraint("public_id"),
        Index(None, "name", postgresql_using="gin", postgresql_ops={"name": "gin_trgm_ops"}),
        SCHEMA,
    )

    id: Mapped[Key]
    name: Mapped[str]
    email: Mapped[str] = mapped_column(CITEXT)
    vat_number: Mapped[str | None] = mapped_column(String(32))
    created_at: Mapped[Moment]
    preferences: Mapped[dict[str, Any]] = mapped_column(JSONB, server_default="{}")
    public_id: Mapped[uuid.UUID] = mapped_column(server_default=func.gen_random_uuid())
    tariff_id: Mapped[int | None] = mapped_column(ForeignKey("billing.tariff.id"), index=True)


class Contact(Base):
    __tablename__ = "contact"
    __table_args__ = (
        Index("uq_contact_main", "customer_id", unique=True, postgresql_where=text("is_main")),
        SCHEMA,
    )

    id: Mapped[Key]
    customer_id: Mapped[int] = mapped_column(ForeignKey("billing.customer.id", ondelete="CASCADE"))
    name: Mapped[str]
    email: Mapped[str | None] = mapped_column(CITEXT)
    is_main: Mapped[bool] = mapped_column(server_default=text("false"))


class Invoice(Base):
    __tablename__ = "invoice"
    __table_args__ = (UniqueConstraint("number"), SCHEMA)

    id: Mapped[Key]
    customer_id: Mapped[int] = mapped_column(ForeignKey("billing.customer.id"), index=True)
    number: Mapped[str] = mapped_column(String(64))
    status: Mapped[str] = mapped_column(
        Enum("draft", "sent", "settled", name="invoice_status", schema="billing"),
        server_default="draft",
    )
    issued_on: Mapped[date | None]
    currency: Mapped[str] = mapped_column(Currency, server_default="EUR")


class InvoiceLine(Base):
    __tablename__ = "invoice_line"
    __table_args__ = SCHEMA

    id: Mapped[Key]
    invoice_id: Mapped[int] = mapped_column(
        ForeignKey("billing.invoice.id", ondelete="CASCADE"), index=True
    )
    description: Mapped[str]
    quantity: Mapped[int] = mapped_column(server_default="1")
    unit_price: Mapped[Money]
    total: Mapped[Decimal | None] = mapped_column(
        Numeric, Computed("quantity::numeric * unit_price")
    )


class Payment(Base):
    __tablename__ = "payment"
    __table_args__ = (CheckConstraint("amount > 0", name="amount_positive"), SCHEMA)

    id: Mapped[Key]
    invoice_id: Mapped[int] = mapped_column(ForeignKey("billing.invoice.id"), index=True)
    method: Mapped[str] = mapped_column(
        Enum("transfer", "card", "direct_debit", name="payment_method", schema="billing")
    )
    amount: Mapped[Decimal] = mapped_column(Numeric(14, 2))
    paid_at: Mapped[Moment]


class CreditNote(Base):
    __tablename__ = "credit_note"
    __table_args__ = SCHEMA

    id: Mapped[Key]
    invoice_id: Mapped[int] = mapped_column(ForeignKey("billing.invoice.id"), index=True)
    amount: Mapped[Money] = mapped_column(server_default="0")
    reason: Mapped[str] = mapped_column(server_default="")


class ExchangeRate(Base):
    __tablename__ = "exchange_rate"
    __table_args__ = (UniqueConstraint("currency", "quoted_on"), SCHEMA)

    id: Mapped[Key]
    currency: Mapped[str] = mapped_column(Currency, server_default="EUR")
    quoted_on: Mapped[date]
    rate: Mapped[Decimal] = mapped_column(Numeric(18, 8), server_default="1")
