"""Tables of every kind, filled with awkward rows on a real server."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from dbtasks import maintenance
from dbtasks.rows import Filled, fill, picture

if TYPE_CHECKING:
    from collections.abc import Iterator

    import psycopg

    from dbtasks.url import DatabaseURL

TYPES = (
    "int2", "int4", "int8", "numeric", "numeric(7,2)", "numeric(3,3)", "float4", "float8",
    "money", "oid", "bool", "text", "varchar(3)", "varchar(200)", "char(4)", "name", '"char"',
    "bytea", "date", "timestamp", "timestamptz", "time", "timetz", "interval", "json", "jsonb",
    "jsonpath", "uuid", "inet", "cidr", "macaddr", "macaddr8", "bit(3)", "bit", "varbit(9)",
    "tsvector", "tsquery", "point", "line", "lseg", "box", "path", "polygon", "circle",
    "pg_lsn", "regclass", "int4range", "numrange", "tsrange", "tstzrange", "daterange",
    "int4multirange", "datemultirange", "int4[]", "text[]", "jsonb[]", "box[]", "bool[]",
    "timestamptz[][]", "citext", "hstore", "ltree", "cube", "seg", "mood",
    "mood[]", "pair", "pair[]", "positive", "email", "filled", "small",
)  # fmt: skip
RIGHT_TO_LEFT = "\u202e\u05e9\u05dc\u05d5\u05dd \u0639\u0631\u0628\u064a\u202c"
DEFINED = r"""
    CREATE EXTENSION citext; CREATE EXTENSION hstore; CREATE EXTENSION ltree; CREATE EXTENSION cube;
    CREATE EXTENSION seg;
    CREATE TYPE mood AS ENUM ('sad', 'ok', 'happy');
    CREATE TYPE pair AS (a int, b text);
    CREATE DOMAIN positive AS int CHECK (VALUE > 0);
    CREATE DOMAIN small AS positive CHECK (VALUE < 10);
    CREATE DOMAIN email AS citext CHECK (VALUE ~ '^[a-z0-9._]+@[a-z0-9-]+\.[a-z]{2,}$');
    CREATE DOMAIN filled AS text[] NOT NULL CHECK (cardinality(VALUE) > 0);
"""


@pytest.fixture
def connection(database: DatabaseURL) -> Iterator[psycopg.Connection]:
    maintenance.create(database)
    with maintenance.connect(database) as connected:
        yield connected


def filled(connection: psycopg.Connection, schema: str, **options: Any) -> tuple[Filled, ...]:
    connection.execute(schema.encode())
    return fill(connection, **options)


def rows(connection: psycopg.Connection, query: str) -> list[tuple[Any, ...]]:
    return connection.execute(query.encode()).fetchall()


def full(*tables: str) -> tuple[Filled, ...]:
    return tuple(Filled(table=one, present=0, inserted=3, refused=None) for one in tables)


def test_every_type_is_filled_and_can_be_read(connection: psycopg.Connection) -> None:
    """With and without NULL, the values differ in two rows at least, and psycopg reads them."""
    columns = [f"a{at} {name}, b{at} {name} NOT NULL" for at, name in enumerate(TYPES)]
    schema = DEFINED + "".join(
        f"CREATE TABLE t{at} ({column});" for at, column in enumerate(columns)
    )
    assert filled(connection, schema) == full(*(f"public.t{at}" for at in range(len(TYPES))))
    assert {
        (TYPES[at], column.name[0]): (column.values, column.distinct)
        for at, table in enumerate(picture(connection).tables.values())
        for column in table.columns.values()
        if column.distinct < 2
    } == {
        ("regclass", "a"): (2, 1),
        ("regclass", "b"): (3, 1),
    }
    for at in range(len(TYPES)):
        assert len(rows(connection, f"SELECT * FROM t{at}")) == 3


def test_numbers_are_at_their_boundaries_null_and_zero(connection: psycopg.Connection) -> None:
    schema = "CREATE TABLE n (a int2, b int4 NOT NULL, c int8, d numeric(5, 2), e float8 NOT NULL)"
    assert filled(connection, schema) == full("public.n")
    assert rows(connection, "SELECT a, b, c, d::text, e::text FROM n") == [
        (-32768, -2147483648, -9223372036854775808, "-999.99", "NaN"),
        (None, 0, None, None, "-Infinity"),
        (32767, 2147483647, 9223372036854775807, "999.99", "1.7976931348623157e+308"),
    ]


def test_texts_are_odd_long_and_twice_the_same(connection: psycopg.Connection) -> None:
    schema = "CREATE TABLE t (a text NOT NULL, b varchar(5) NOT NULL, c char(2), d text UNIQUE)"
    assert filled(connection, schema) == full("public.t")
    assert rows(connection, "SELECT * FROM t") == [
        ("e\u0301\u0323 A\u030angstro\u0308m", "üüüüü", "üü", RIGHT_TO_LEFT),
        ('O\'Brien "quoted" \\back\\slash; -- /*', "\u00a0\u200b\ufeff", None, None),
        ("e\u0301\u0323 A\u030angstro\u0308m", "üüüüü", "  ", "line\nbreak\r\n"),
    ]


def test_defaults_are_used_and_identities_are_left_to_the_server(
    connection: psycopg.Connection,
) -> None:
    schema = """
        CREATE TABLE d (
            id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY, serial serial, a int DEFAULT 7,
            b text NOT NULL DEFAULT 'as agreed', double bigint GENERATED ALWAYS AS (a::bigint * 2) STORED
        );
        CREATE TABLE "Only ""defaults" (id serial);
        CREATE TABLE without_columns ();
    """
    tables = ("public.d", 'public."Only ""defaults"', "public.without_columns")
    assert filled(connection, schema) == full(*tables)
    assert rows(connection, "SELECT id, serial, a, double FROM d") == [
        (1, 1, -2147483648, -4294967296),
        (2, 2, None, None),
        (3, 3, 7, 14),
    ]
    assert rows(connection, "SELECT b FROM d WHERE id = 3") == [("as agreed",)]


CHECKS: dict[str, tuple[str, list[Any]]] = {
    "a list of texts": ("a text NOT NULL CHECK (a IN ('x', 'y', 'it''s'))", ["x", "it's", "y"]),
    "a range of numbers": ("a int NOT NULL CHECK (a BETWEEN 10 AND 20)", [10, 20, 11]),
    "no negative number": ("a int NOT NULL CHECK (a >= 0)", [2147483647, 1, 0]),
    "a length": ("a text NOT NULL CHECK (char_length(a) = 4)", ["üüüü", "1111", "aaaa"]),
    "a pattern of LIKE": (
        "a text NOT NULL CHECK (a LIKE 'A%_-%')",
        ["Aaa-a", "Aaa-a", "Azz-z"],
    ),
    "a regular expression": (
        r"a text NOT NULL CHECK (a ~ '^(x|y)[A-Z]{3}-\d+$')",
        ["xAAA-0", "xAAA-0", "xZZZ-9"],
    ),
    "no blanks around it": (
        "a text NOT NULL CHECK (a = btrim(a) AND a <> '')",
        ["row 0", "row 1", "row 2"],
    ),
    "an object": (
        "a jsonb NOT NULL CHECK (jsonb_typeof(a) = 'object')",
        [{"object": "object"}, {"object": "object"}, {"object": None}],
    ),
    "a key of an object": (
        "a jsonb NOT NULL CHECK (a ? 'k')",
        [{"k": "k"}, {"k": "k"}, {"k": None}],
    ),
    "an order of two": (
        "b int2 NOT NULL, a int2 NOT NULL CHECK (b < a)",
        [32767, 0, 32767],
    ),
    "one of two": ("a int, b text, CHECK (num_nonnulls(a, b) = 1)", [1, None, 2]),
    "one if another": (
        "b text NOT NULL, a int2, CHECK (b <> '' OR a IS NOT NULL)",
        [-32768, None, 32767],
    ),
    "one or another": ("b bool NOT NULL, a int2 NOT NULL CHECK (b OR a > 5)", [32767, 32767, 6]),
}


@pytest.mark.parametrize("name", CHECKS)
def test_checks_are_satisfied(connection: psycopg.Connection, name: str) -> None:
    columns, expected = CHECKS[name]
    assert filled(connection, f"CREATE TABLE c ({columns})") == full("public.c")
    assert [row[0] for row in rows(connection, "SELECT a FROM c")] == expected


def test_unique_and_exclusion_constraints_are_satisfied(connection: psycopg.Connection) -> None:
    schema = """
        CREATE EXTENSION btree_gist;
        CREATE TABLE a (b bool, c text, d int NOT NULL, UNIQUE (b, c), UNIQUE (d));
        CREATE TABLE lower_case (email text NOT NULL);
        CREATE UNIQUE INDEX ON lower_case (lower(email));
        CREATE TABLE partial (a text NOT NULL, b bool NOT NULL);
        CREATE UNIQUE INDEX ON partial (b) WHERE b;
        CREATE TABLE booking (
            room int NOT NULL, during tstzrange NOT NULL,
            EXCLUDE USING gist (room WITH =, during WITH &&)
        );
    """
    tables = ("public.a", "public.lower_case", "public.partial", "public.booking")
    assert filled(connection, schema) == full(*tables)


def test_rows_go_into_partitions_that_exist(connection: psycopg.Connection) -> None:
    schema = """
        CREATE TABLE l (k text NOT NULL, v int) PARTITION BY LIST (k);
        CREATE TABLE l1 PARTITION OF l FOR VALUES IN ('de', 'fr');
        CREATE TABLE r (at timestamptz, id int, PRIMARY KEY (at, id)) PARTITION BY RANGE (at);
        CREATE TABLE r1 PARTITION OF r FOR VALUES FROM ('2024-01-01') TO ('2024-02-01');
        CREATE TABLE r2 PARTITION OF r FOR VALUES FROM ('2024-02-01') TO ('2024-03-01');
        CREATE TABLE h (id bigint PRIMARY KEY) PARTITION BY HASH (id);
        CREATE TABLE h1 PARTITION OF h FOR VALUES WITH (MODULUS 2, REMAINDER 0);
        CREATE TABLE h2 PARTITION OF h FOR VALUES WITH (MODULUS 2, REMAINDER 1);
        CREATE TABLE nowhere (a int) PARTITION BY RANGE (a);
    """
    assert filled(connection, schema) == (
        *full("public.l", "public.r", "public.h"),
        Filled(
            table="public.nowhere",
            present=0,
            inserted=0,
            refused='no partition of relation "nowhere" found for row',
        ),
    )


def test_a_table_that_takes_no_row_is_reported_with_the_servers_reason(
    connection: psycopg.Connection,
) -> None:
    schema = """
        CREATE FUNCTION never() RETURNS trigger LANGUAGE plpgsql AS
            $$ BEGIN RAISE EXCEPTION 'not on my watch: %', NEW.a; END $$;
        CREATE FUNCTION silently() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NULL; END $$;
        CREATE FUNCTION picky() RETURNS trigger LANGUAGE plpgsql AS
            $$ BEGIN IF NEW.a NOT BETWEEN 40 AND 50 THEN RAISE EXCEPTION 'no'; END IF; RETURN NEW; END $$;
        CREATE TABLE one (a int NOT NULL);
        CREATE TRIGGER t BEFORE INSERT ON one FOR EACH ROW EXECUTE FUNCTION never();
        CREATE TABLE two (a int);
        CREATE TRIGGER t BEFORE INSERT ON two FOR EACH ROW EXECUTE FUNCTION silently();
        CREATE TABLE three (a int NOT NULL);
        CREATE TRIGGER t BEFORE INSERT ON three FOR EACH ROW EXECUTE FUNCTION picky();
        CREATE TABLE four (single bool PRIMARY KEY CHECK (single));
    """
    found = filled(connection, schema)
    assert found == (
        Filled(table="public.one", present=0, inserted=0, refused="not on my watch: 1"),
        Filled(
            table="public.two",
            present=0,
            inserted=0,
            refused="a trigger or a rule of the table let no row in",
        ),
        *full("public.three"),
        Filled(
            table="public.four",
            present=0,
            inserted=1,
            refused='new row for relation "four" violates check constraint "four_single_check"',
        ),
    )
    assert [one.table for one in found if one.empty] == ["public.one", "public.two"]


def test_only_what_is_missing_is_filled(connection: psycopg.Connection) -> None:
    schema = """
        CREATE TABLE a (id serial PRIMARY KEY, t text UNIQUE);
        CREATE TABLE version (v text);
        CREATE TABLE one_only (single bool PRIMARY KEY CHECK (single));
        CREATE SCHEMA "Other One";
        CREATE TABLE "Other One".b (id int PRIMARY KEY, a int NOT NULL REFERENCES a);
    """
    refused: dict[int, str] = {}
    ignore = ["public.version"]
    found = filled(connection, schema, ignore=ignore, refused=refused)
    reason = 'new row for relation "one_only" violates check constraint "one_only_single_check"'
    assert found == (
        *full("public.a"),
        Filled(table="public.one_only", present=0, inserted=1, refused=reason),
        *full('"Other One".b'),
    )
    assert rows(connection, "SELECT * FROM version") == []
    assert fill(connection, ignore=ignore, refused=refused) == ()
    reason = 'new row for relation "one_only" violates check constraint "one_only_single_check"'
    assert fill(connection, ignore=ignore) == (
        Filled(table="public.one_only", present=1, inserted=0, refused=reason),
    )
    connection.execute('DELETE FROM "Other One".b WHERE a > 1; DELETE FROM a WHERE id = 2')
    connection.execute("CREATE TABLE c (a int REFERENCES a)")
    assert fill(connection, ignore=ignore, refused=refused) == (
        Filled(table="public.a", present=2, inserted=1, refused=None),
        Filled(table="public.one_only", present=1, inserted=0, refused=reason),
        Filled(table='"Other One".b', present=1, inserted=2, refused=None),
        *full("public.c"),
    )
    assert fill(connection, ignore=ignore, refused=refused) == ()
    connection.execute("ALTER TABLE one_only DROP CONSTRAINT one_only_single_check")
    assert fill(connection, ignore=ignore, refused=refused) == (
        Filled(
            table="public.one_only",
            present=1,
            inserted=1,
            refused='duplicate key value violates unique constraint "one_only_pkey"',
        ),
    )


def test_the_same_schema_gets_the_same_rows(connection: psycopg.Connection) -> None:
    schema = (
        "CREATE TABLE {} (a int PRIMARY KEY, b text, c jsonb, d timestamptz NOT NULL, e text[])"
    )
    filled(connection, schema.format("one"))
    filled(connection, schema.format("two"))
    assert rows(connection, "SELECT * FROM one") == rows(connection, "SELECT * FROM two")


def test_more_rows_can_be_asked_for(connection: psycopg.Connection) -> None:
    schema = "CREATE TABLE a (id int PRIMARY KEY, t varchar(2) UNIQUE NOT NULL, u uuid UNIQUE)"
    assert filled(connection, schema, rows=20) == (
        Filled(table="public.a", present=0, inserted=20, refused=None),
    )


def test_a_database_of_another_encoding_gets_what_it_can_hold(
    postgres: DatabaseURL, database: DatabaseURL
) -> None:
    with maintenance.connect(postgres) as connection:
        connection.execute(
            f"CREATE DATABASE {database.database} ENCODING latin1 LOCALE 'C' TEMPLATE template0"
        )
    with maintenance.connect(database) as connection:
        schema = "CREATE TABLE a (t text NOT NULL, u varchar(9) UNIQUE NOT NULL)"
        assert filled(connection, schema) == full("public.a")


def test_a_role_without_rights_is_refused(connection: psycopg.Connection) -> None:
    connection.execute("CREATE ROLE nobody_special; CREATE TABLE a (b int)")
    connection.execute("SET ROLE nobody_special")
    try:
        assert fill(connection) == (
            Filled(
                table="public.a", present=0, inserted=0, refused="permission denied for table a"
            ),
        )
        assert picture(connection).tables == {}
    finally:
        connection.execute("RESET ROLE; DROP ROLE nobody_special")


def test_a_table_of_many_rules(connection: psycopg.Connection) -> None:
    schema = r"""
        CREATE TABLE member (
            iban char(22) NOT NULL CHECK (iban ~ '^DE\d{20}$'),
            zip char(5) CHECK (zip ~ '^[0-9]{5}$' AND zip <> '00000'),
            latitude numeric(9, 6) NOT NULL CHECK (latitude BETWEEN -90 AND 90),
            percent smallint NOT NULL CHECK (percent IN (0, 25, 50, 100)),
            country char(2) NOT NULL CHECK (country = upper(country) AND length(country) = 2),
            url text CHECK (url LIKE 'https://%'),
            slug text NOT NULL UNIQUE CHECK (slug ~ '^[a-z0-9]+(?:-[a-z0-9]+)*$'),
            email text NOT NULL UNIQUE CHECK (position('@' IN email) > 1),
            tags text[] NOT NULL CHECK (array_length(tags, 1) BETWEEN 1 AND 3),
            since date, until date, CHECK (until >= since),
            CHECK ((since IS NULL) = (until IS NULL)),
            settings jsonb NOT NULL CHECK (settings ? 'theme'),
            waits interval NOT NULL CHECK (waits > interval '0'),
            upper_slug text GENERATED ALWAYS AS (upper(slug)) STORED
        )
    """
    assert filled(connection, schema) == full("public.member")


def test_types_without_values_and_rules_without_rows(connection: psycopg.Connection) -> None:
    schema = """
        CREATE TYPE nothing AS ENUM ();
        CREATE TYPE holder AS (a nothing, b int);
        CREATE TABLE a (a nothing, b holder NOT NULL, c nothing[] NOT NULL);
        CREATE TABLE b (a nothing NOT NULL);
    """
    assert filled(connection, schema) == (
        *full("public.a"),
        Filled(
            table="public.b",
            present=0,
            inserted=0,
            refused='null value in column "a" of relation "b" violates not-null constraint',
        ),
    )


def test_generated_columns_can_be_computed(connection: psycopg.Connection) -> None:
    """Those that are computed when they are read, too, which PostgreSQL has since version 18."""
    kind = "VIRTUAL" if connection.info.server_version >= 180000 else "STORED"
    schema = f"CREATE TABLE a (a int NOT NULL, b int GENERATED ALWAYS AS (a - 1) {kind})"
    assert filled(connection, schema) == full("public.a")
    assert rows(connection, "SELECT b FROM a") == [(-1,), (2147483646,), (2147483646,)]


def test_partitions_of_partitions(connection: psycopg.Connection) -> None:
    schema = """
        CREATE TABLE p (a int NOT NULL, b text NOT NULL) PARTITION BY LIST (b);
        CREATE TABLE p_x PARTITION OF p FOR VALUES IN ('x') PARTITION BY RANGE (a);
        CREATE TABLE p_x_5 PARTITION OF p_x FOR VALUES FROM (5) TO (8);
    """
    assert filled(connection, schema) == full("public.p")
