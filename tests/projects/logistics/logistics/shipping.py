from datetime import date, datetime, time, timedelta
from decimal import Decimal

from sqlalchemy import (
    ARRAY,
    BigInteger,
    CheckConstraint,
    Computed,
    Enum,
    ForeignKey,
    Index,
    Numeric,
    Sequence,
    SmallInteger,
    String,
    Text,
    UniqueConstraint,
    func,
    text,
)
from sqlalchemy.dialects.postgresql import HSTORE, TSTZRANGE, ExcludeConstraint, Range
from sqlalchemy.orm import Mapped, mapped_column

from logistics.base import Base, Key, Moment, Money, Name

SCHEMA = {"schema": "shipping"}


class Carrier(Base):
    __tablename__ = "carrier"
    __table_args__ = (
        Index("ix_carrier_name_active", "name", postgresql_where=text("active")),
        Index("ix_carrier_lower_code", text("lower(code::text)")),
        SCHEMA,
    )

    id: Mapped[Key]
    name: Mapped[Name]
    code: Mapped[str] = mapped_column(String(16))
    kind: Mapped[str] = mapped_column(
        Enum("truck", "rail", "sea", "air", name="carrier_kind", schema="shipping"),
        server_default="truck",
    )
    phone: Mapped[str | None] = mapped_column(String(40))
    email: Mapped[str | None] = mapped_column(String(254))
    active: Mapped[bool] = mapped_column(server_default=text("true"))
    updated_at: Mapped[Moment]


class Warehouse(Base):
    __tablename__ = "warehouse"
    __table_args__ = SCHEMA

    id: Mapped[Key]
    region_id: Mapped[int] = mapped_column(ForeignKey("region.id"), index=True)
    name: Mapped[Name]
    opened_on: Mapped[date | None]
    street: Mapped[str | None]
    city: Mapped[str | None]
    postcode: Mapped[str | None] = mapped_column(String(16))
    country: Mapped[str] = mapped_column(String(2), server_default="XX")


class Dock(Base):
    __tablename__ = "dock"
    __table_args__ = {"comment": "A door that one vehicle at a time can use", **SCHEMA}

    id: Mapped[Key]
    warehouse_id: Mapped[int] = mapped_column(ForeignKey("shipping.warehouse.id"), index=True)
    number: Mapped[int] = mapped_column(SmallInteger, server_default="1")


class DockBooking(Base):
    __tablename__ = "dock_booking"
    __table_args__ = (
        ExcludeConstraint(
            ("dock_id", "="), ("during", "&&"), name="ex_dock_booking_during", using="gist"
        ),
        SCHEMA,
    )

    id: Mapped[Key]
    dock_id: Mapped[int] = mapped_column(ForeignKey("shipping.dock.id"), index=True)
    starts_at: Mapped[datetime]
    ends_at: Mapped[datetime | None]
    during: Mapped[Range[datetime] | None] = mapped_column(
        TSTZRANGE,
        Computed("tstzrange(LEAST(starts_at, ends_at), GREATEST(starts_at, ends_at))"),
    )


class VehicleState(Base):
    __tablename__ = "vehicle_state"
    __table_args__ = (UniqueConstraint("name"), SCHEMA)

    id: Mapped[Key]
    name: Mapped[str] = mapped_column(String(40))
    may_drive: Mapped[bool] = mapped_column(server_default=text("true"))


class Vehicle(Base):
    __tablename__ = "vehicle"
    __table_args__ = (UniqueConstraint("plate"), SCHEMA)

    id: Mapped[Key]
    carrier_id: Mapped[int] = mapped_column(ForeignKey("shipping.carrier.id"), index=True)
    plate: Mapped[str] = mapped_column(String(32))
    state_id: Mapped[int | None] = mapped_column(ForeignKey("shipping.vehicle_state.id"))


class Driver(Base):
    __tablename__ = "driver"
    __table_args__ = (UniqueConstraint("licence"), SCHEMA)

    id: Mapped[Key]
    carrier_id: Mapped[int] = mapped_column(ForeignKey("shipping.carrier.id"))
    full_name: Mapped[str]
    licence: Mapped[str | None] = mapped_column(String(80))
    given_name: Mapped[str | None]
    family_name: Mapped[str | None]


class Route(Base):
    __tablename__ = "route"
    __table_args__ = SCHEMA

    id: Mapped[Key]
    name: Mapped[Name]
    carrier_id: Mapped[int] = mapped_column(ForeignKey("shipping.carrier.id"))


class RouteStop(Base):
    __tablename__ = "route_stop"
    __table_args__ = (
        UniqueConstraint("route_id", "position", deferrable=True),
        CheckConstraint("position >= 0", name="position_not_negative"),
        SCHEMA,
    )

    id: Mapped[Key]
    route_id: Mapped[int] = mapped_column(ForeignKey("shipping.route.id", ondelete="CASCADE"))
    position: Mapped[int]
    warehouse_id: Mapped[int] = mapped_column(ForeignKey("shipping.warehouse.id"))
    delay: Mapped[timedelta] = mapped_column(server_default="00:00:00")
    opens_at: Mapped[time | None]


class Shipment(Base):
    __tablename__ = "shipment"
    __table_args__ = (
        UniqueConstraint("reference"),
        Index(None, "tags", postgresql_using="gin"),
        Index(
            "ix_shipment_placed_at_planned",
            "placed_at",
            postgresql_where=text("status = 'planned'"),
        ),
        SCHEMA,
    )

    id: Mapped[Key]
    customer_id: Mapped[int] = mapped_column(ForeignKey("billing.customer.id"), index=True)
    origin_id: Mapped[int] = mapped_column(ForeignKey("shipping.warehouse.id"))
    destination_id: Mapped[int | None] = mapped_column(ForeignKey("shipping.warehouse.id"))
    status: Mapped[str] = mapped_column(
        Enum(
            "planned",
            "loaded",
            "delivered",
            "returned",
            name="shipment_status",
            schema="shipping",
        ),
        server_default="planned",
    )
    placed_at: Mapped[Moment]
    reference: Mapped[str] = mapped_column(
        String(40),
        # As PostgreSQL writes it: evaluated twice, as Alembic compares defaults, it never equals itself.
        server_default=text(
            "('SH-'::text || nextval('shipping.shipment_reference_seq'::regclass))"
        ),
    )
    tags: Mapped[list[str]] = mapped_column(ARRAY(Text), server_default="{}")


class Parcel(Base):
    __tablename__ = "parcel"
    __table_args__ = (
        CheckConstraint("weight_grams >= 0", name="weight_not_negative"),
        {"comment": "One box of a shipment", **SCHEMA},
    )

    id: Mapped[Key]
    shipment_id: Mapped[int] = mapped_column(
        ForeignKey("shipping.shipment.id", ondelete="CASCADE"), index=True
    )
    weight_grams: Mapped[int] = mapped_column(comment="as measured, packaging included")
    length_mm: Mapped[int | None]
    width_mm: Mapped[int | None]
    height_mm: Mapped[int | None]
    contents: Mapped[str | None]
    labels: Mapped[dict[str, str]] = mapped_column(HSTORE, server_default="")
    volume_cm3: Mapped[Decimal | None] = mapped_column(
        Numeric,
        Computed("length_mm::numeric * width_mm::numeric * height_mm::numeric / 1000::numeric"),
    )


class ScanEvent(Base):
    __tablename__ = "scan_event"
    __table_args__ = {"postgresql_partition_by": "RANGE (scanned_at)", **SCHEMA}

    id: Mapped[int] = mapped_column(
        BigInteger,
        Sequence("scan_event_id_seq", schema="shipping", data_type=BigInteger, cache=20),
        server_default=text("nextval('shipping.scan_event_id_seq')"),
        primary_key=True,
    )
    parcel_id: Mapped[int] = mapped_column(ForeignKey("shipping.parcel.id"), index=True)
    scanned_at: Mapped[datetime] = mapped_column(server_default=func.now(), primary_key=True)
    place: Mapped[str | None]


class Note(Base):
    __tablename__ = "note"
    __table_args__ = SCHEMA

    id: Mapped[Key]
    parcel_id: Mapped[int] = mapped_column(ForeignKey("shipping.parcel.id"))
    body: Mapped[str] = mapped_column(server_default="")


class Incident(Base):
    __tablename__ = "incident"
    __table_args__ = (
        CheckConstraint("severity >= 1 AND severity <= 5", name="severity_range"),
        SCHEMA,
    )

    id: Mapped[Key]
    shipment_id: Mapped[int] = mapped_column(ForeignKey("shipping.shipment.id"))
    happened_at: Mapped[Moment]
    description: Mapped[str]
    severity: Mapped[int] = mapped_column(SmallInteger, server_default="1")


class TariffHeading(Base):
    __tablename__ = "tariff_heading"
    __table_args__ = (UniqueConstraint("code"), SCHEMA)

    id: Mapped[Key]
    code: Mapped[str] = mapped_column(String(10))
    description: Mapped[str] = mapped_column(server_default="")


class CustomsDeclaration(Base):
    __tablename__ = "customs_declaration"
    __table_args__ = (
        CheckConstraint("declared_value >= 0", name="declared_value_not_negative"),
        Index(None, "heading_id", postgresql_where=text("heading_id IS NOT NULL")),
        SCHEMA,
    )

    id: Mapped[Key]
    shipment_id: Mapped[int] = mapped_column(ForeignKey("shipping.shipment.id"), index=True)
    regime: Mapped[str | None] = mapped_column(
        Enum("import", "export", "transit", name="customs_regime", schema="shipping")
    )
    declared_value: Mapped[Money] = mapped_column(server_default="0")
    heading_id: Mapped[int | None] = mapped_column(ForeignKey("shipping.tariff_heading.id"))
    incident_id: Mapped[int | None] = mapped_column(ForeignKey("shipping.incident.id"))
