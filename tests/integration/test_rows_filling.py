"""Tables of every kind, filled with awkward rows on a real server."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from dbtasks import maintenance
from dbtasks.rows import Filled, fill

if TYPE_CHECKING:
    from collections.abc import Iterator

    import psycopg

    from dbtasks.url import DatabaseURL


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


def full(table: str) -> Filled:
    return Filled(table=table, present=0, inserted=3, refused=None)


def test_numbers_are_at_their_boundaries_null_and_zero(connection: psycopg.Connection) -> None:
    schema = "CREATE TABLE n (a int2, b int4 NOT NULL, c int8, d numeric(5, 2), e float8 NOT NULL)"
    assert filled(connection, schema) == (full("public.n"),)
    assert rows(connection, "SELECT a, b, c, d::text, e::text FROM n") == [
        (-32768, -2147483648, -9223372036854775808, "-999.99", "NaN"),
        (None, 0, None, None, "-Infinity"),
        (32767, 2147483647, 9223372036854775807, "999.99", "1.7976931348623157e+308"),
    ]
