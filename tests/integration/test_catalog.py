"""The fingerprint of a catalog: every kind of object is seen when it comes, and gone when it goes."""

from __future__ import annotations

import asyncio
import contextlib
import json
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psycopg
import pytest
import sqlalchemy
from hypothesis import given, settings
from hypothesis import strategies as st
from psycopg import sql
from sqlalchemy.ext.asyncio import create_async_engine

from dbtasks import maintenance
from dbtasks.catalog import SETTLE, Fingerprint, Reader, changes, read

if TYPE_CHECKING:
    from dbtasks.url import DatabaseURL

CASES = tomllib.loads((Path(__file__).parent.parent / "catalog_cases.toml").read_text("utf-8"))
RICH = Path(__file__).parent.parent / "rich_schema.sql"
ROLES = ("catalog_owner", "catalog_app")

Connection = psycopg.Connection[Any]


@pytest.fixture(scope="module")
def shared(postgres: DatabaseURL) -> Iterator[Connection]:
    """A database with a table, for tests that leave it as they found it."""
    url = postgres.with_database("catalog_shared")
    maintenance.drop(url)
    maintenance.create(url)
    with psycopg.connect(**url.connect_args(), autocommit=True) as connection:
        for role in ROLES:
            connection.execute(f"CREATE ROLE {role}")
        connection.execute("CREATE TABLE note (id integer PRIMARY KEY, title text, n integer)")
        connection.execute("CREATE TABLE spare (a integer, b text)")
        connection.execute(
            "CREATE FUNCTION fired() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN END'"
        )
        connection.execute(
            "CREATE FUNCTION seen() RETURNS event_trigger LANGUAGE plpgsql AS 'BEGIN END'"
        )
        yield connection
    maintenance.drop(url)


@pytest.fixture(scope="module")
def beside(shared: Connection, postgres: DatabaseURL) -> Iterator[Connection]:
    """A session for nothing but fingerprints of that database."""
    url = postgres.with_database("catalog_shared")
    with psycopg.connect(**url.connect_args(), autocommit=True) as connection:
        connection.execute(SETTLE)
        yield connection


@pytest.fixture(scope="module")
def long_lived() -> Reader:
    """A reader that has seen what went before."""
    return Reader()


def fingerprint(connection: Connection, *readers: Reader, **options: Any) -> Fingerprint:
    """Read the catalog at once, as each of the readers has to see it, too."""

    def execute(text: str) -> list[Any]:
        return connection.execute(text).fetchall()

    found = read(execute, **options)
    for reader in readers:
        assert reader.read(execute, **options) == found
    return found


@pytest.mark.parametrize("case", CASES)
def test_exactly_what_came_is_told_and_nothing_stays_when_it_went(
    shared: Connection, beside: Connection, long_lived: Reader, case: str
) -> None:
    told = CASES[case]
    settled = Reader(settled=True)
    readers = (Reader(), long_lived)
    shared.execute(told.get("before", "SELECT"))
    before = fingerprint(shared, *readers)
    assert settled.read(lambda text: beside.execute(text).fetchall()) == before
    shared.execute(told["do"])
    after = fingerprint(shared, *readers)
    assert settled.read(lambda text: beside.execute(text).fetchall()) == after
    shared.execute(told["undo"])
    again = fingerprint(shared, *readers)
    shared.execute(told.get("after", "SELECT"))
    lines = [line.format(user=shared.info.user) for line in told["lines"]]
    assert [str(change) for change in changes(before, after)] == lines
    assert changes(before, again) == ()
    assert again == before


def test_everything_at_once_goes_with_its_schemas(shared: Connection) -> None:
    reader = Reader()
    before = fingerprint(shared, reader)
    with shared.transaction(force_rollback=True):
        shared.execute(RICH.read_text("utf-8"))
        rich = fingerprint(shared, reader, ignore=["public.note"])
        rich = fingerprint(shared, reader)
        kinds = {change.key.split(" ")[0] for change in changes(before, rich)}
        assert " ".join(sorted(kinds)) == (
            "aggregate cast collation default domain enum event extension foreign foreign-data"
            " function materialized operator procedure publication schema sequence table text"
            " type user view"
        )
        assert json.loads(json.dumps(rich.objects)).keys() == rich.objects.keys()
        assert not [key for key in rich.objects if "gin_trgm" in key or "gtrgm" in key]
    assert changes(before, fingerprint(shared, reader)) == ()


@given(st.lists(st.sampled_from(sorted(CASES)), min_size=3, max_size=8), st.booleans())
@settings(max_examples=8, deadline=None, derandomize=True, database=None)
def test_a_reader_sees_all_that_comes_and_goes_whatever_it_saw(
    shared: Connection, cases: list[str], rich: bool
) -> None:
    reader = Reader()
    with shared.transaction(force_rollback=True):
        if rich:
            shared.execute(RICH.read_text("utf-8"))
        for case in cases:
            for what in ("before", "do", "undo"):
                with contextlib.suppress(psycopg.Error), shared.transaction():
                    shared.execute(CASES[case].get(what, "SELECT"))
                fingerprint(shared, reader)
    fingerprint(shared, reader)


def test_what_only_counts_or_is_temporary_is_not_seen(shared: Connection) -> None:
    shared.execute("CREATE SEQUENCE counted; CREATE MATERIALIZED VIEW m AS SELECT 1 AS one")
    before = fingerprint(shared)
    with shared.transaction(force_rollback=True):
        shared.execute(
            "SELECT nextval('counted'); INSERT INTO note VALUES (1, 'x', 2);"
            "CREATE TEMP TABLE t (id serial PRIMARY KEY); CREATE TEMP VIEW v AS SELECT * FROM t;"
            "CREATE TYPE pg_temp.e AS ENUM ('a'); CREATE INDEX ON t (id);"
            "CREATE FUNCTION pg_temp.f() RETURNS integer LANGUAGE sql AS 'SELECT 1';"
            "REFRESH MATERIALIZED VIEW m; ANALYZE note"
        )
        assert changes(before, fingerprint(shared)) == ()
    shared.execute("DROP SEQUENCE counted; DROP MATERIALIZED VIEW m")


def test_privileges_that_say_the_default_are_no_privileges(shared: Connection) -> None:
    before = fingerprint(shared)
    with shared.transaction(force_rollback=True):
        shared.execute(
            "GRANT ALL ON note TO CURRENT_USER; REVOKE EXECUTE ON FUNCTION fired FROM PUBLIC;"
            "GRANT EXECUTE ON FUNCTION fired TO PUBLIC"
        )
        assert shared.execute("SELECT relacl FROM pg_class WHERE relname = 'note'").fetchone() != (
            None,
        )
        assert changes(before, fingerprint(shared)) == ()


def test_a_table_may_be_ignored_with_all_that_belongs_to_it(shared: Connection) -> None:
    before = fingerprint(shared)
    with shared.transaction(force_rollback=True):
        shared.execute(
            'CREATE SCHEMA "My ""s"; CREATE TABLE "My ""s"."The % version"'
            " (id serial PRIMARY KEY, n integer CHECK (n > 0) UNIQUE);"
            'CREATE INDEX ON "My ""s"."The % version" (n); DROP TABLE spare;'
            'CREATE STATISTICS st ON id, n FROM "My ""s"."The % version"'
        )
        seen = fingerprint(shared, ignore=['"My ""s"."The % version"', "public.spare"])
        assert [str(change) for change in changes(before, seen)] == [
            'schema "My ""s": added',
            "table public.spare: removed",
        ]


AWKWARD = [
    "NULL",
    "{a,b}",
    "a\\b",
    'x"y',
    "two\nlines",
    "it's",
    "%s :name",
    "\u00e4\U0001f600",
    ",",
]


@pytest.mark.parametrize("text", AWKWARD)
def test_texts_come_through_as_they_are(shared: Connection, text: str) -> None:
    statements = (
        sql.SQL("CREATE TABLE {} ({} text)").format(sql.Identifier(text), sql.Identifier(text)),
        sql.SQL("CREATE TYPE {} AS ENUM ({}, 'other')").format(
            sql.Identifier(f"e{text}"), sql.Literal(text)
        ),
        sql.SQL("COMMENT ON TABLE {} IS {}").format(sql.Identifier(text), sql.Literal(text)),
        sql.SQL("CREATE SERVER s FOREIGN DATA WRAPPER w OPTIONS (o {})").format(sql.Literal(text)),
        sql.SQL("GRANT SELECT ON {} TO {}").format(sql.Identifier(text), sql.Identifier(text)),
    )
    with shared.transaction(force_rollback=True):
        shared.execute(sql.SQL("CREATE ROLE {}").format(sql.Identifier(text)))
        shared.execute("CREATE FOREIGN DATA WRAPPER w")
        for statement in statements:
            shared.execute(statement)
        found = fingerprint(shared).objects
        quoted, enum = (
            shared.execute("SELECT quote_ident(%s)", (name,)).fetchone()[0]  # type: ignore[index]
            for name in (text, f"e{text}")
        )
    assert found[f"table public.{quoted}"]["comment"] == text
    assert found[f"table public.{quoted}"]["grants"] == (f"{quoted}: SELECT",)
    assert found[f"column public.{quoted}.{quoted}"] == {"type": "text", "nullable": "true"}
    assert found[f"enum public.{enum}"]["values"] == (text, "other")
    assert found["foreign server s"]["options"] == (f"o={text}",)


def test_the_session_stays_as_it_was(shared: Connection) -> None:
    names = ("search_path", "TimeZone", "DateStyle", "IntervalStyle", "bytea_output")

    def session() -> list[Any]:
        return [shared.execute(f"SHOW {name}").fetchone() for name in names]

    shared.execute("SET search_path = shop, \"$user\"; SET TimeZone = 'Asia/Tokyo'")
    shared.execute("SET DateStyle = 'German'; SET IntervalStyle = 'iso_8601'")
    outside = session()
    alone = fingerprint(shared)
    assert session() == outside
    with shared.transaction():
        shared.execute("SET LOCAL search_path = public; SET LOCAL bytea_output = 'escape'")
        inside = session()
        assert fingerprint(shared) == alone
        assert session() == inside
    assert session() == outside
    shared.execute("RESET ALL")
    assert fingerprint(shared) == alone


def test_a_plain_role_sees_the_same(shared: Connection) -> None:
    with shared.transaction(force_rollback=True):
        shared.execute(RICH.read_text("utf-8"))
        everything = fingerprint(shared)
        shared.execute("SET LOCAL ROLE catalog_app")
        seen = changes(everything, fingerprint(shared))
    assert [str(change) for change in seen] == []


def test_every_driver_gives_the_same(shared: Connection, postgres: DatabaseURL) -> None:
    expected = fingerprint(shared)
    url = postgres.with_database("catalog_shared")
    engine = sqlalchemy.create_engine(url.sqlalchemy(), poolclass=sqlalchemy.NullPool)
    with engine.connect() as connection:
        assert read(lambda text: connection.exec_driver_sql(text).all()) == expected
        assert read(lambda text: connection.execute(sqlalchemy.text(text)).all()) == expected
    assert asyncio.run(_read_with_asyncpg(url)) == expected


async def _read_with_asyncpg(url: DatabaseURL) -> Fingerprint:
    address = sqlalchemy.make_url(url.sqlalchemy()).set(drivername="postgresql+asyncpg")
    engine = create_async_engine(address, poolclass=sqlalchemy.NullPool)
    async with engine.connect() as connection:
        await connection.exec_driver_sql("CREATE SCHEMA passing")  # and the plan is made anew
        await connection.run_sync(_read)
        await connection.exec_driver_sql("DROP SCHEMA passing")
        return await connection.run_sync(_read)


def _read(connection: sqlalchemy.Connection) -> Fingerprint:
    return read(lambda text: connection.exec_driver_sql(text).all())
