"""Write the revisions of `logistics`: python tests/projects/logistics_history.py [FOLDER] (it needs ruff).

What the project has is the files. A revision's id derives from its message, so they are always the same.
"""

from __future__ import annotations

import hashlib
import re
import subprocess
import sys
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from logistics_steps import (
    Step,
    add,
    add_value,
    check,
    column_comment,
    comment,
    data,
    default,
    enum,
    function,
    index,
    rename,
    replaced,
    required,
    sql,
    table,
    trigger,
    undone,
    unique,
    view,
)

VERSIONS = Path(__file__).parent / "logistics" / "migrations" / "versions"
FILE = '''\
"""{message}

Revision ID: {id}
Revises: {parents}
Create Date: {date}

"""
{imports}

revision = {id!r}
down_revision = {down!r}
branch_labels = {label!r}
depends_on = {depends_on!r}


def upgrade() -> None:
    {up}


def downgrade() -> None:
    {way_back}
'''


@dataclass
class Revision:
    message: str
    steps: tuple[Step, ...]
    parents: tuple[str, ...]
    label: str | None
    depends_on: str | None


history: list[Revision] = []


def revision(message, *steps, after=None, label=None, depends_on=None):
    """Add a revision; without `after` it follows the one before it."""
    parents = after or ((history[-1].message,) if history else ())
    history.append(Revision(message, steps, parents, label, depends_on))


# Where and by whom things are moved.
revision("create region", table("region", "code String(8)!", "name String(120)!", unique=["code"]))
revision("create app setting", table("app_setting", "key String(64)!", "value Text", unique=["key"]))
TOUCH = function(
    "public.touch_updated_at() RETURNS trigger",
    "LANGUAGE plpgsql",
    """
    BEGIN
        NEW.updated_at = now();
        RETURN NEW;
    END
    """,
)
revision("add function touch updated at", TOUCH)
revision(
    "create carrier",
    enum("shipping.carrier_kind", "lorry", "rail", "sea", "air"),
    table("shipping.carrier", "name String(120)!", "code String(16)!", "kind @shipping.carrier_kind! ='lorry'"),
)
revision(
    "create warehouse",
    table("shipping.warehouse", "region_id Integer! >region.id", "name String(120)!", "opened_on Date"),
    index("shipping.warehouse", "region_id"),
)
revision(
    "create dock",
    table("shipping.dock", "warehouse_id Integer! >shipping.warehouse.id", "number SmallInteger! =1"),
    index("shipping.dock", "warehouse_id"),
)
revision(
    "create vehicle",
    enum("shipping.vehicle_status", "ready", "moving", "broken"),
    table(
        "shipping.vehicle",
        "carrier_id Integer! >shipping.carrier.id",
        "plate String(32)!",
        "status @shipping.vehicle_status! ='ready'",
    ),
    index("shipping.vehicle", "carrier_id"),
)
revision(
    "create driver",
    table("shipping.driver", "carrier_id Integer >shipping.carrier.id", "name Text!", "licence String(64)"),
)
revision(
    "create customer",
    table("billing.customer", "name Text!", "email String(254)!", "vat_number String(32)", "created_at when! =now()"),
)
revision(
    "create shipment",
    enum("shipping.shipment_status", "planned", "loaded", "delivered"),
    table(
        "shipping.shipment",
        "customer_id Integer! >billing.customer.id",
        "origin_id Integer! >shipping.warehouse.id",
        "destination_id Integer >shipping.warehouse.id",
        "status @shipping.shipment_status! ='planned'",
        "placed_at when! =now()",
    ),
    index("shipping.shipment", "customer_id"),
)
revision(
    "create parcel",
    table(
        "shipping.parcel",
        "shipment_id Integer! >shipping.shipment.id cascade",
        "weight_grams Integer!",
        "length_mm Integer",
        "width_mm Integer",
        "height_mm Integer",
        "contents Text",
    ),
)
revision("index parcels by shipment", index("shipping.parcel", "shipment_id", online=True))
revision("create route", table("shipping.route", "name String(120)!", "carrier_id Integer! >shipping.carrier.id"))
revision(
    "create route stop",
    table(
        "shipping.route_stop",
        "route_id Integer! >shipping.route.id cascade",
        "position Integer!",
        "warehouse_id Integer! >shipping.warehouse.id",
        unique=["route_id position"],
        checks=[("position_not_negative", "position >= 0")],
    ),
)
revision("add carrier contact", add("shipping.carrier", "phone String(40)", "email String(254)"))
revision("add carrier active", add("shipping.carrier", "active Boolean! =true"))
revision("index active carriers", index("shipping.carrier", "name", name="ix_carrier_name_active", where="active"))
revision(
    "touch carriers",
    add("shipping.carrier", "updated_at when! =now()"),
    trigger("touch", "shipping.carrier", "BEFORE UPDATE", "public.touch_updated_at()"),
)
revision("add warehouse address", add("shipping.warehouse", "street Text", "city Text", "postcode String(16)"))
revision("add warehouse country", add("shipping.warehouse", "country String(2)"))
revision(
    "require warehouse country",
    data("UPDATE shipping.warehouse SET country = 'XX' WHERE country IS NULL"),
    default("shipping.warehouse", "country", "'XX'"),
    required("shipping.warehouse", "country"),
)
revision("rename driver name", rename("shipping.driver", "name", "full_name"))
revision(
    "make driver licences unique",
    data("""
        UPDATE shipping.driver SET licence = NULL
        WHERE EXISTS (SELECT FROM shipping.driver o WHERE o.id < driver.id AND o.licence = driver.licence)
    """),
    unique("shipping.driver", "licence"),
)
revision(
    "make plates unique",
    data("""
        UPDATE shipping.vehicle SET plate = md5(gen_random_uuid()::text)
        WHERE EXISTS (SELECT FROM shipping.vehicle o WHERE o.id < vehicle.id AND o.plate = vehicle.plate)
    """),
    unique("shipping.vehicle", "plate"),
)
revision(
    "give drivers without carrier one",
    data("""
        INSERT INTO shipping.carrier (name, code)
        SELECT 'unknown', 'unknown' WHERE EXISTS (SELECT FROM shipping.driver WHERE carrier_id IS NULL)
    """),
    data("""
        UPDATE shipping.driver SET carrier_id = (SELECT max(id) FROM shipping.carrier WHERE code = 'unknown')
        WHERE carrier_id IS NULL
    """),
    required("shipping.driver", "carrier_id"),
)

# What it costs.
revision(
    "create invoice",
    enum("billing.invoice_status", "draft", "sent", "settled"),
    table(
        "billing.invoice",
        "customer_id Integer! >billing.customer.id",
        "number String(64)!",
        "status @billing.invoice_status! ='draft'",
        "issued_on Date",
    ),
    index("billing.invoice", "customer_id"),
)
revision(
    "create invoice line",
    table(
        "billing.invoice_line",
        "invoice_id Integer! >billing.invoice.id cascade",
        "description Text!",
        "quantity Integer! =1",
        "unit_price Numeric(12,2)!",
    ),
    index("billing.invoice_line", "invoice_id"),
)
revision(
    "make invoice numbers unique",
    data("""
        UPDATE billing.invoice SET number = left(number, 27) || '-' || gen_random_uuid()
        WHERE EXISTS (SELECT FROM billing.invoice o WHERE o.id < invoice.id AND o.number = invoice.number)
    """),
    unique("billing.invoice", "number"),
)
revision(
    "compute line totals",
    add("billing.invoice_line", "total Numeric :=quantity::numeric * unit_price"),
)
revision(
    "create payment",
    enum("billing.payment_method", "transfer", "card", "direct_debit"),
    table(
        "billing.payment",
        "invoice_id Integer! >billing.invoice.id",
        "method @billing.payment_method!",
        "amount Numeric(12,2)!",
        "paid_at when! =now()",
    ),
    index("billing.payment", "invoice_id"),
)
revision(
    "check payment amounts",
    data("UPDATE billing.payment SET amount = 0.01 WHERE amount <= 0"),
    check("billing.payment", "amount_positive", "amount > 0"),
)
revision("enable trigrams", sql("CREATE EXTENSION pg_trgm", "DROP EXTENSION pg_trgm"))
revision(
    "search customers by name",
    index(
        "billing.customer",
        "name",
        more=', postgresql_using="gin", postgresql_ops={"name": "gin_trgm_ops"}',
        online=True,
    ),
)
revision("enable hstore", sql("CREATE EXTENSION hstore", "DROP EXTENSION hstore"))
revision("label parcels", add("shipping.parcel", "labels hstore! =''"))
revision(
    "ignore case in emails",
    sql(
        "ALTER TABLE billing.customer ALTER COLUMN email TYPE citext",
        "ALTER TABLE billing.customer ALTER COLUMN email TYPE varchar(254) USING left(email::text, 254)",
    ),
)
revision(
    "make customer emails unique",
    data("""
        UPDATE billing.customer SET email = gen_random_uuid() || '@duplicate.invalid'
        WHERE EXISTS (SELECT FROM billing.customer o WHERE o.id < customer.id AND o.email = customer.email)
    """),
    unique("billing.customer", "email"),
)
revision(
    "compute parcel volumes",
    add(
        "shipping.parcel",
        "volume_cm3 Numeric :=length_mm::numeric * width_mm::numeric * height_mm::numeric / 1000::numeric",
    ),
)
revision(
    "add currency",
    sql(
        "CREATE DOMAIN billing.currency AS text CONSTRAINT currency_code CHECK (VALUE ~ '^[A-Z]{3}$')",
        "DROP DOMAIN billing.currency",
    ),
    add("billing.invoice", "currency %billing.currency! ='EUR'"),
)
revision(
    "create exchange rate",
    table(
        "billing.exchange_rate",
        "currency %billing.currency! ='EUR'",
        "quoted_on Date!",
        "rate Numeric(18,8)! =1",
        unique=["currency quoted_on"],
    ),
)
OPEN = view(
    "billing.open_invoice",
    """
    SELECT i.id, i.number, c.name AS customer
    FROM billing.invoice i JOIN billing.customer c ON c.id = i.customer_id
    WHERE i.status <> 'settled'
    """,
)
revision("view open invoices", OPEN)

# A busy table.
revision(
    "create scan event",
    sql("CREATE SEQUENCE shipping.scan_event_id_seq AS bigint CACHE 20", "DROP SEQUENCE shipping.scan_event_id_seq"),
    sql(
        """
        CREATE TABLE shipping.scan_event (
            id bigint NOT NULL DEFAULT nextval('shipping.scan_event_id_seq'),
            parcel_id integer NOT NULL,
            scanned_at timestamptz NOT NULL DEFAULT now(),
            place text,
            CONSTRAINT pk_scan_event PRIMARY KEY (id, scanned_at),
            CONSTRAINT fk_scan_event_parcel_id_parcel FOREIGN KEY (parcel_id) REFERENCES shipping.parcel
        ) PARTITION BY RANGE (scanned_at)
        """,
        "DROP TABLE shipping.scan_event",
    ),
    sql("CREATE TABLE shipping.scan_event_rest PARTITION OF shipping.scan_event DEFAULT", []),
)


def partition(year):
    """A year of its own; its rows are in the partition for the rest until then."""
    name, bounds = (
        f"shipping.scan_event_{year}",
        f"scanned_at >= '{year}-01-01+00' AND scanned_at < '{year + 1}-01-01+00'",
    )
    up = [f"CREATE TABLE {name} (LIKE shipping.scan_event INCLUDING DEFAULTS)"]
    up.append(f"""
        WITH moved AS (DELETE FROM shipping.scan_event WHERE {bounds} RETURNING *)
        INSERT INTO {name} SELECT * FROM moved
    """)
    up.append(f"""
        ALTER TABLE shipping.scan_event ATTACH PARTITION {name}
        FOR VALUES FROM ('{year}-01-01+00') TO ('{year + 1}-01-01+00')
    """)
    down = [f"ALTER TABLE shipping.scan_event DETACH PARTITION {name}"]
    down.append(f"INSERT INTO shipping.scan_event SELECT * FROM {name}")
    return sql(up, [*down, f"DROP TABLE {name}"])


revision("split off scans of 2024", partition(2024))
revision("index scans by parcel", index("shipping.scan_event", "parcel_id"))
revision("split off scans of 2025", partition(2025))

# Docks are booked.
revision(
    "create dock booking",
    table(
        "shipping.dock_booking",
        "dock_id Integer! >shipping.dock.id",
        "starts_at when!",
        "ends_at when",
    ),
    index("shipping.dock_booking", "dock_id"),
)
revision(
    "compute booked time",
    sql(
        """
        ALTER TABLE shipping.dock_booking ADD COLUMN during tstzrange
        GENERATED ALWAYS AS (tstzrange(LEAST(starts_at, ends_at), GREATEST(starts_at, ends_at))) STORED
        """,
        "ALTER TABLE shipping.dock_booking DROP COLUMN during",
    ),
)
revision(
    "book a dock once at a time",
    data("""
        DELETE FROM shipping.dock_booking b USING shipping.dock_booking o
        WHERE o.id < b.id AND o.dock_id = b.dock_id AND o.during && b.during
    """),
    sql(
        """
        ALTER TABLE shipping.dock_booking ADD CONSTRAINT ex_dock_booking_during
        EXCLUDE USING gist (dock_id WITH =, during WITH &&)
        """,
        "ALTER TABLE shipping.dock_booking DROP CONSTRAINT ex_dock_booking_during",
    ),
)
revision(
    "explain parcels",
    comment("shipping.parcel", "One box of a shipment"),
    column_comment("shipping.parcel", "weight_grams", "as measured, packaging included"),
)
revision("explain docks", comment("shipping.dock", "A door that one vehicle at a time can use"))

# Who may do what.
revision(
    "let readers in",
    sql(
        [f"GRANT USAGE ON SCHEMA {one} TO logistics_reader, logistics_clerk" for one in ("shipping", "billing")],
        [f"REVOKE USAGE ON SCHEMA {one} FROM logistics_reader, logistics_clerk" for one in ("billing", "shipping")],
    ),
)
TO_READ = "shipping.shipment, shipping.parcel, billing.invoice, billing.open_invoice"
revision(
    "let readers read",
    sql(f"GRANT SELECT ON {TO_READ} TO logistics_reader", f"REVOKE SELECT ON {TO_READ} FROM logistics_reader"),
)
revision(
    "let clerks correct contents",
    sql(
        "GRANT SELECT, UPDATE (contents) ON shipping.parcel TO logistics_clerk",
        "REVOKE SELECT, UPDATE (contents) ON shipping.parcel FROM logistics_clerk",
    ),
)
revision(
    "let readers read new billing tables",
    sql(
        "ALTER DEFAULT PRIVILEGES IN SCHEMA billing GRANT SELECT ON TABLES TO logistics_reader",
        "ALTER DEFAULT PRIVILEGES IN SCHEMA billing REVOKE SELECT ON TABLES FROM logistics_reader",
    ),
)
revision("create tariff", table("billing.tariff", "name String(120)!", "valid_from Date", "valid_to Date"))
revision(
    "create tariff band",
    table(
        "billing.tariff_band",
        "tariff_id Integer! >billing.tariff.id cascade",
        "min_grams Integer! =0",
        "max_grams Integer",
        "price Numeric(10,2)!",
    ),
    index("billing.tariff_band", "tariff_id", more=', postgresql_include=["price"]'),
)
revision(
    "check tariff bands",
    data("""
        UPDATE billing.tariff_band SET min_grams = max_grams, max_grams = min_grams
        WHERE min_grams > max_grams
    """),
    check("billing.tariff_band", "ordered", "min_grams <= max_grams"),
)

# Who did what.
revision(
    "create audit entry",
    table(
        "audit_entry",
        "subject String(120)!",
        "row_data jsonb! ='{}'",
        "made_by Text! =CURRENT_USER",
        "made_at when! =now()",
    ),
    index("audit_entry", "made_at", more=', postgresql_using="brin"'),
)


def audit(extra):
    return function(
        "public.audit_change() RETURNS trigger",
        "LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp",
        f"""
        BEGIN
            INSERT INTO public.audit_entry (subject, row_data)
            VALUES (TG_TABLE_SCHEMA || '.' || TG_TABLE_NAME, {extra});
            RETURN NULL;
        END
        """,
    )


revision("add function audit change", audit("to_jsonb(NEW)"))
revision(
    "audit shipments",
    trigger("audit", "shipping.shipment", "AFTER INSERT OR UPDATE", "public.audit_change()"),
)
revision(
    "audit invoices",
    trigger("audit", "billing.invoice", "AFTER INSERT OR UPDATE", "public.audit_change()"),
)
revision("audit deletions", replaced(audit("to_jsonb(COALESCE(NEW, OLD))"), audit("to_jsonb(NEW)")))
revision(
    "count shipments of warehouses",
    view(
        "shipping.warehouse_load",
        """
        SELECT w.id AS warehouse_id, count(s.id) AS shipments
        FROM shipping.warehouse w LEFT JOIN shipping.shipment s ON s.origin_id = w.id
        GROUP BY w.id
        """,
        "MATERIALIZED VIEW",
    ),
    sql("CREATE UNIQUE INDEX ix_warehouse_load ON shipping.warehouse_load (warehouse_id)", []),
)

# Customs, by another team.
revision(
    "create customs declaration",
    table(
        "shipping.customs_declaration",
        "shipment_id Integer! >shipping.shipment.id",
        "regime Text",
        "declared_value Numeric(12,2)",
    ),
    index("shipping.customs_declaration", "shipment_id"),
    label="customs",
)
revision(
    "require a declared value",
    data("""
        UPDATE shipping.customs_declaration SET declared_value = 0
        WHERE declared_value IS NULL OR declared_value < 0
    """),
    default("shipping.customs_declaration", "declared_value", "0"),
    required("shipping.customs_declaration", "declared_value"),
    check("shipping.customs_declaration", "declared_value_not_negative", "declared_value >= 0"),
)
revision(
    "make customs regime an enum",
    enum("shipping.customs_regime", "import", "export", "transit"),
    sql(
        """
        ALTER TABLE shipping.customs_declaration ALTER COLUMN regime TYPE shipping.customs_regime
        USING CASE WHEN lower(regime) IN ('import', 'export', 'transit') THEN lower(regime)::shipping.customs_regime END
        """,
        "ALTER TABLE shipping.customs_declaration ALTER COLUMN regime TYPE text",
    ),
)
revision(
    "create tariff heading",
    table("shipping.tariff_heading", "code String(10)!", "description Text! =''", unique=["code"]),
)
revision(
    "declare headings",
    add("shipping.customs_declaration", "heading_id Integer >shipping.tariff_heading.id"),
    index("shipping.customs_declaration", "heading_id", where="heading_id IS NOT NULL"),
)

# Meanwhile, on the main line.
revision(
    "create incident",
    table(
        "shipping.incident",
        "shipment_id Integer! >shipping.shipment.id",
        "happened_at when! =now()",
        "description Text!",
        "severity Text",
    ),
    after=("count shipments of warehouses",),
)
revision(
    "make severity a number",
    sql(
        """
        ALTER TABLE shipping.incident ALTER COLUMN severity TYPE smallint
        USING CASE WHEN severity ~ '^[0-9]{1,4}$' THEN severity::smallint END
        """,
        "ALTER TABLE shipping.incident ALTER COLUMN severity TYPE text",
    ),
)
revision(
    "limit severity",
    data("UPDATE shipping.incident SET severity = LEAST(GREATEST(COALESCE(severity, 1), 1), 5)"),
    default("shipping.incident", "severity", "1"),
    required("shipping.incident", "severity"),
    check("shipping.incident", "severity_range", "severity >= 1 AND severity <= 5"),
)
revision(
    "number shipments",
    sql("CREATE SEQUENCE shipping.shipment_reference_seq START 1000", "DROP SEQUENCE shipping.shipment_reference_seq"),
    add("shipping.shipment", "reference String(40)! ='SH-' || nextval('shipping.shipment_reference_seq')"),
    sql(
        "ALTER SEQUENCE shipping.shipment_reference_seq OWNED BY shipping.shipment.reference",
        "ALTER SEQUENCE shipping.shipment_reference_seq OWNED BY NONE",
    ),
    unique("shipping.shipment", "reference"),
)
revision(
    "add shipment status returned",
    add_value(
        "shipping.shipment_status",
        ("planned", "loaded", "delivered"),
        "returned",
        [("shipping.shipment", "status", "planned")],
        instead="planned",
    ),
)
revision(
    "call a lorry a truck",
    sql(
        "ALTER TYPE shipping.carrier_kind RENAME VALUE 'lorry' TO 'truck'",
        "ALTER TYPE shipping.carrier_kind RENAME VALUE 'truck' TO 'lorry'",
    ),
)
revision(
    "inspect incidents at customs",
    add("shipping.customs_declaration", "incident_id Integer >shipping.incident.id"),
    after=("declare headings",),
    depends_on="create incident",
)
revision(
    "view declarations",
    view(
        "shipping.declared_shipment",
        """
        SELECT s.id, s.placed_at, d.regime, d.declared_value
        FROM shipping.shipment s JOIN shipping.customs_declaration d ON d.shipment_id = s.id
        """,
    ),
)
revision("merge customs", after=("call a lorry a truck", "view declarations"))

# Growth.
revision(
    "let weights grow",
    sql(
        "ALTER TABLE billing.tariff_band ALTER COLUMN max_grams TYPE bigint",
        """
        ALTER TABLE billing.tariff_band ALTER COLUMN max_grams TYPE integer
        USING CASE WHEN max_grams IS NOT NULL THEN LEAST(GREATEST(max_grams, -2147483648), 2147483647) END
        """,
    ),
)
revision(
    "let amounts grow",
    sql(
        "ALTER TABLE billing.payment ALTER COLUMN amount TYPE numeric(14, 2)",
        """
        ALTER TABLE billing.payment ALTER COLUMN amount TYPE numeric(12, 2)
        USING LEAST(amount, 9999999999.99)
        """,
    ),
)
revision(
    "lengthen licences",
    sql(
        "ALTER TABLE shipping.driver ALTER COLUMN licence TYPE varchar(80)",
        "ALTER TABLE shipping.driver ALTER COLUMN licence TYPE varchar(64) USING left(licence, 64)",
    ),
)
revision(
    "replace vehicle status",
    table("shipping.vehicle_state", "name String(40)!", "may_drive Boolean! =true", unique=["name"]),
    data("INSERT INTO shipping.vehicle_state (name) SELECT unnest(enum_range(NULL::shipping.vehicle_status))::text"),
    add("shipping.vehicle", "state_id Integer >shipping.vehicle_state.id"),
    sql(
        """
        UPDATE shipping.vehicle SET state_id = vehicle_state.id
        FROM shipping.vehicle_state WHERE vehicle_state.name = vehicle.status::text
        """,
        """
        UPDATE shipping.vehicle SET status = vehicle_state.name::shipping.vehicle_status
        FROM shipping.vehicle_state
        WHERE vehicle_state.id = vehicle.state_id AND vehicle_state.name IN ('ready', 'moving', 'broken')
        """,
    ),
    sql(
        "ALTER TABLE shipping.vehicle DROP COLUMN status",
        "ALTER TABLE shipping.vehicle ADD COLUMN status shipping.vehicle_status NOT NULL DEFAULT 'ready'",
    ),
    undone(enum("shipping.vehicle_status", "ready", "moving", "broken")),
)
revision(
    "view due dates of open invoices",
    Step(
        sql(
            """
            CREATE OR REPLACE VIEW billing.open_invoice AS
            SELECT i.id, i.number, c.name AS customer, i.issued_on
            FROM billing.invoice i JOIN billing.customer c ON c.id = i.customer_id
            WHERE i.status <> 'settled'
            """,
            [],
        ).up,
        [
            *OPEN.down,
            *OPEN.up,
            *sql("GRANT SELECT ON billing.open_invoice TO logistics_reader", []).up,
        ],
    ),
)
revision(
    "view late shipments",
    view("shipping.undelivered", "SELECT id, reference, placed_at FROM shipping.shipment WHERE status <> 'delivered'"),
)
revision(
    "tell policies of customers",
    sql(
        [
            "ALTER TABLE billing.customer ENABLE ROW LEVEL SECURITY",
            "CREATE POLICY not_deleted ON billing.customer FOR SELECT TO logistics_clerk USING (vat_number IS NOT NULL)",
        ],
        ["DROP POLICY not_deleted ON billing.customer", "ALTER TABLE billing.customer DISABLE ROW LEVEL SECURITY"],
    ),
)
revision(
    "describe places",
    sql("CREATE TYPE shipping.place AS (city text, country text)", "DROP TYPE shipping.place"),
    function(
        "shipping.place_of(wanted integer) RETURNS shipping.place",
        "LANGUAGE sql STABLE",
        "SELECT city, country::text FROM shipping.warehouse WHERE id = wanted",
    ),
)
revision(
    "settle invoices by procedure",
    sql(
        """
        CREATE PROCEDURE billing.settle(wanted integer)
        LANGUAGE sql AS $$
        UPDATE billing.invoice SET status = 'settled' WHERE id = wanted
        $$
        """,
        "DROP PROCEDURE billing.settle(integer)",
    ),
)
revision(
    "let clerks settle",
    sql(
        [
            "REVOKE EXECUTE ON PROCEDURE billing.settle(integer) FROM PUBLIC",
            "GRANT EXECUTE ON PROCEDURE billing.settle(integer) TO logistics_clerk",
        ],
        [
            "REVOKE EXECUTE ON PROCEDURE billing.settle(integer) FROM logistics_clerk",
            "GRANT EXECUTE ON PROCEDURE billing.settle(integer) TO PUBLIC",
        ],
    ),
)
revision(
    "create contact",
    table(
        "billing.contact",
        "customer_id Integer! >billing.customer.id cascade",
        "name Text!",
        "email citext",
        "is_main Boolean! =false",
    ),
)
revision(
    "let customers have one main contact",
    data("""
        UPDATE billing.contact SET is_main = false
        WHERE is_main AND EXISTS (
            SELECT FROM billing.contact o
            WHERE o.is_main AND o.id < contact.id AND o.customer_id = contact.customer_id
        )
    """),
    index("billing.contact", "customer_id", name="uq_contact_main", unique=True, where="is_main"),
)
revision(
    "find carriers by code",
    index("shipping.carrier", '[sa.text("lower(code::text)")]', name="ix_carrier_lower_code", online=True),
)
revision("tag shipments", add("shipping.shipment", "tags tags! ='{}'"))
revision(
    "find shipments by tag",
    index("shipping.shipment", "tags", more=', postgresql_using="gin"', online=True),
)
revision("describe customers", add("billing.customer", "preferences jsonb! ='{}'"))
revision("give customers a public id", add("billing.customer", "public_id uuid! =gen_random_uuid()"))
revision("make public ids unique", unique("billing.customer", "public_id"))
revision(
    "prefer paperless",
    data("""
        UPDATE billing.customer SET preferences = jsonb_build_object('paperless', true)
        WHERE preferences = '{}'
    """),
)
revision(
    "delay route stops",
    add("shipping.route_stop", "delay Interval! ='00:00:00'", "opens_at Time"),
)
revision(
    "order stops at the end of a transaction",
    sql(
        [
            "ALTER TABLE shipping.route_stop DROP CONSTRAINT uq_route_stop_route_id_position",
            "ALTER TABLE shipping.route_stop ADD CONSTRAINT uq_route_stop_route_id_position\n"
            "UNIQUE (route_id, position) DEFERRABLE",
        ],
        [
            "ALTER TABLE shipping.route_stop DROP CONSTRAINT uq_route_stop_route_id_position",
            "ALTER TABLE shipping.route_stop ADD CONSTRAINT uq_route_stop_route_id_position\n"
            "UNIQUE (route_id, position)",
        ],
    ),
)
revision(
    "create tracking note",
    table("shipping.tracking_note", "parcel_id Integer! >shipping.parcel.id", "body Text! =''", "read_at when"),
)
revision(
    "rename tracking note",
    sql(
        [
            "ALTER TABLE shipping.tracking_note RENAME TO note",
            "ALTER SEQUENCE shipping.tracking_note_id_seq RENAME TO note_id_seq",
            "ALTER TABLE shipping.note RENAME CONSTRAINT pk_tracking_note TO pk_note",
            "ALTER TABLE shipping.note RENAME CONSTRAINT fk_tracking_note_parcel_id_parcel TO fk_note_parcel_id_parcel",
        ],
        [
            "ALTER TABLE shipping.note RENAME CONSTRAINT fk_note_parcel_id_parcel TO fk_tracking_note_parcel_id_parcel",
            "ALTER TABLE shipping.note RENAME CONSTRAINT pk_note TO pk_tracking_note",
            "ALTER SEQUENCE shipping.note_id_seq RENAME TO tracking_note_id_seq",
            "ALTER TABLE shipping.note RENAME TO tracking_note",
        ],
    ),
)
revision("drop note read at", undone(add("shipping.note", "read_at when")))
revision(
    "measure correlation of weight and contents",
    sql(
        "CREATE STATISTICS shipping.st_parcel_size (dependencies) ON length_mm, width_mm FROM shipping.parcel",
        "DROP STATISTICS shipping.st_parcel_size",
    ),
)
revision(
    "create credit note",
    table("billing.credit_note", "invoice_id Integer! >billing.invoice.id", "amount Numeric(12,2)! =0", "reason Text"),
    index("billing.credit_note", "invoice_id"),
)
revision(
    "let clerks write credit notes",
    sql(
        "GRANT INSERT, UPDATE ON billing.credit_note TO logistics_clerk",
        "REVOKE INSERT, UPDATE ON billing.credit_note FROM logistics_clerk",
    ),
)
revision(
    "require a reason for credit",
    data("UPDATE billing.credit_note SET reason = '' WHERE reason IS NULL"),
    default("billing.credit_note", "reason", "''"),
    required("billing.credit_note", "reason"),
)
revision(
    "compute the balance of an invoice",
    function(
        "billing.balance(wanted integer) RETURNS numeric",
        "LANGUAGE sql STABLE",
        """
        SELECT COALESCE((SELECT sum(total) FROM billing.invoice_line WHERE invoice_id = wanted), 0)
             - COALESCE((SELECT sum(amount) FROM billing.payment WHERE invoice_id = wanted), 0)
        """,
    ),
)
revision(
    "check parcel weights without a scan",
    sql(
        """
        ALTER TABLE shipping.parcel ADD CONSTRAINT ck_parcel_weight_not_negative
        CHECK (weight_grams >= 0) NOT VALID
        """,
        "ALTER TABLE shipping.parcel DROP CONSTRAINT ck_parcel_weight_not_negative",
    ),
)
revision(
    "check old parcel weights",
    data("UPDATE shipping.parcel SET weight_grams = 0 WHERE weight_grams < 0"),
    sql(
        "ALTER TABLE shipping.parcel VALIDATE CONSTRAINT ck_parcel_weight_not_negative",
        [
            "ALTER TABLE shipping.parcel DROP CONSTRAINT ck_parcel_weight_not_negative",
            """
            ALTER TABLE shipping.parcel ADD CONSTRAINT ck_parcel_weight_not_negative
            CHECK (weight_grams >= 0) NOT VALID
            """,
        ],
    ),
)
revision("drop app setting", undone(table("app_setting", "key String(64)!", "value Text", unique=["key"])))
revision(
    "split driver name",
    add("shipping.driver", "given_name Text", "family_name Text"),
    data("""
        UPDATE shipping.driver SET given_name = split_part(full_name, ' ', 1),
            family_name = CASE WHEN full_name LIKE '% %' THEN substr(full_name, strpos(full_name, ' ') + 1) END
    """),
)
revision(
    "index deliveries",
    index(
        "shipping.shipment", "placed_at", name="ix_shipment_placed_at_planned", where="status = 'planned'", online=True
    ),
)
revision("split off scans of 2026", partition(2026))
revision(
    "stop auditing every invoice",
    undone(trigger("audit", "billing.invoice", "AFTER INSERT OR UPDATE", "public.audit_change()")),
    trigger("audit", "billing.invoice", "AFTER UPDATE OF status OR DELETE", "public.audit_change()"),
)
revision(
    "explain the domain",
    sql("COMMENT ON DOMAIN billing.currency IS 'ISO 4217'", "COMMENT ON DOMAIN billing.currency IS NULL"),
)
revision("add tariff code", add("billing.tariff", "code String(64)"))
revision(
    "require tariff code",
    data("UPDATE billing.tariff SET code = 'T-' || id WHERE code IS NULL"),
    data("""
        UPDATE billing.tariff SET code = left(code, 27) || '-' || gen_random_uuid()
        WHERE EXISTS (SELECT FROM billing.tariff o WHERE o.id < tariff.id AND o.code = tariff.code)
    """),
    default("billing.tariff", "code", "gen_random_uuid()"),
    required("billing.tariff", "code"),
    unique("billing.tariff", "code"),
)
revision(
    "assign tariffs",
    add("billing.customer", "tariff_id Integer >billing.tariff.id"),
    index("billing.customer", "tariff_id", online=True),
)


def identity(message):
    return hashlib.sha256(message.encode()).hexdigest()[:12]


def source(one, number):
    up = [line for step in one.steps for line in step.up]
    down = [line for step in reversed(one.steps) for line in step.down]
    code = "\n".join([*up, *down])
    imports = ["import sqlalchemy as sa"] if "sa." in code else []
    imports += ["from alembic import op"] if code else []
    imports += ["from sqlalchemy.dialects import postgresql"] if "postgresql." in code else []
    parents = tuple(identity(parent) for parent in one.parents)
    return FILE.format(
        message=one.message,
        id=identity(one.message),
        parents=", ".join(parents),
        date=datetime(2024, 1, 8, 9, 30) + timedelta(days=5 * number, minutes=7 * number),
        imports="\n".join(imports),
        down=(parents[0] if len(parents) == 1 else parents) or None,
        label=one.label,
        depends_on=one.depends_on and identity(one.depends_on),
        up="\n".join(up).replace("\n", "\n    ") or "pass",
        way_back="\n".join(down).replace("\n", "\n    ") or "pass",
    ).replace("Revises: \n", "Revises:\n")


def write(folder):
    for file in folder.glob("*.py"):
        file.unlink()
    for number, one in enumerate(history):
        name = f"{identity(one.message)}_{re.sub('[^a-z0-9]+', '_', one.message)[:40]}.py"
        (folder / name).write_text(re.sub(r"(?m)^ +$", "", source(one, number)), encoding="utf-8")
    subprocess.run(["ruff", "format", "--quiet", "--isolated", "--line-length=100", folder], check=True)


if __name__ == "__main__":
    write(Path(*sys.argv[1:2] or [VERSIONS]))
