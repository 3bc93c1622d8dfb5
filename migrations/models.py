"""A small shop: customers order products and pay for them."""

from datetime import datetime
from enum import StrEnum
from typing import Annotated, Any, ClassVar

from sqlalchemy import (
    CheckConstraint,
    DateTime,
    Enum,
    ForeignKey,
    Identity,
    Index,
    MetaData,
    Text,
    UniqueConstraint,
    func,
    text,
)
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

metadata = MetaData(
    naming_convention={
        "pk": "pk_%(table_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
    }
)

Key = Annotated[int, mapped_column(Identity(always=True), primary_key=True)]
Moment = Annotated[datetime, mapped_column(server_default=func.now())]


class Base(DeclarativeBase):
    """Map strings to text and datetimes to timestamptz."""

    metadata = metadata
    type_annotation_map: ClassVar[dict[Any, Any]] = {str: Text, datetime: DateTime(timezone=True)}


class OrderStatus(StrEnum):
    """How far an order has come."""

    PENDING = "pending"
    PAID = "paid"
    SHIPPED = "shipped"
    CANCELLED = "cancelled"
    REFUNDED = "refunded"


class PaymentMethod(StrEnum):
    """How a customer paid."""

    CARD = "card"
    TRANSFER = "transfer"
    VOUCHER = "voucher"


def labels(enum: type[StrEnum]) -> list[str]:
    """Return the values, which PostgreSQL stores, instead of the names SQLAlchemy would."""
    return [member.value for member in enum]


class Customer(Base):
    """Somebody who orders."""

    __tablename__ = "customer"
    __table_args__ = (UniqueConstraint("email"),)

    id: Mapped[Key]
    email: Mapped[str]
    full_name: Mapped[str]
    created_at: Mapped[Moment]


class Product(Base):
    """Something to order, on sale until it is discontinued."""

    __tablename__ = "product"
    __table_args__ = (
        UniqueConstraint("sku"),
        CheckConstraint("price_cents >= 0", name="price_not_negative"),
        Index("ix_product_name_on_sale", "name", postgresql_where=text("discontinued_at IS NULL")),
    )

    id: Mapped[Key]
    sku: Mapped[str]
    name: Mapped[str]
    price_cents: Mapped[int]
    created_at: Mapped[Moment]
    discontinued_at: Mapped[datetime | None]


class PurchaseOrder(Base):
    """One order; `order` itself is a reserved word."""

    __tablename__ = "purchase_order"

    id: Mapped[Key]
    customer_id: Mapped[int] = mapped_column(ForeignKey("customer.id"), index=True)
    status: Mapped[OrderStatus] = mapped_column(
        Enum(OrderStatus, name="order_status", values_callable=labels),
        server_default=OrderStatus.PENDING.value,
    )
    placed_at: Mapped[Moment] = mapped_column(index=True)


class OrderLine(Base):
    """One product of an order, at the price it had then."""

    __tablename__ = "order_line"
    __table_args__ = (
        CheckConstraint("quantity > 0", name="quantity_positive"),
        CheckConstraint("unit_price_cents >= 0", name="unit_price_not_negative"),
    )

    order_id: Mapped[int] = mapped_column(
        ForeignKey("purchase_order.id", ondelete="CASCADE"), primary_key=True
    )
    product_id: Mapped[int] = mapped_column(ForeignKey("product.id"), primary_key=True, index=True)
    quantity: Mapped[int] = mapped_column(server_default=text("1"))
    unit_price_cents: Mapped[int]


class Payment(Base):
    """Money received for an order."""

    __tablename__ = "payment"
    __table_args__ = (CheckConstraint("amount_cents > 0", name="amount_positive"),)

    id: Mapped[Key]
    order_id: Mapped[int] = mapped_column(ForeignKey("purchase_order.id"), index=True)
    method: Mapped[PaymentMethod] = mapped_column(
        Enum(PaymentMethod, name="payment_method", values_callable=labels)
    )
    amount_cents: Mapped[int]
    paid_at: Mapped[Moment]
