"""The fingerprint of a catalog: every kind of object is seen when it comes, and gone when it goes."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psycopg
import pytest

from dbtasks import maintenance
from dbtasks.catalog import Fingerprint, changes, read

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


def fingerprint(connection: Connection, **options: Any) -> Fingerprint:
    return read(lambda sql: connection.execute(sql).fetchall(), **options)


@pytest.mark.parametrize("case", CASES)
def test_exactly_what_came_is_told_and_nothing_stays_when_it_went(
    shared: Connection, case: str
) -> None:
    told = CASES[case]
    shared.execute(told.get("before", "SELECT"))
    before = fingerprint(shared)
    shared.execute(told["do"])
    after = fingerprint(shared)
    shared.execute(told["undo"])
    again = fingerprint(shared)
    shared.execute(told.get("after", "SELECT"))
    lines = [line.format(user=shared.info.user) for line in told["lines"]]
    assert [str(change) for change in changes(before, after)] == lines
    assert changes(before, again) == ()
    assert again == before
