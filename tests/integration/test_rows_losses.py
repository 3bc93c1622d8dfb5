"""Each kind of loss is found, and what is no loss is not."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from dbtasks import maintenance
from dbtasks.rows import Loss, fill, losses, picture

if TYPE_CHECKING:
    from collections.abc import Iterator

    import psycopg

    from dbtasks.url import DatabaseURL

SCHEMA = """
    CREATE TYPE mood AS ENUM ('sad', 'ok', 'happy');
    CREATE TABLE author (id serial PRIMARY KEY, name text NOT NULL UNIQUE);
    CREATE TABLE note (
        id serial PRIMARY KEY, author int NOT NULL REFERENCES author ON DELETE CASCADE,
        title text NOT NULL UNIQUE, body json, mood mood, at point, size int GENERATED ALWAYS AS (id) STORED
    );
    CREATE TABLE version (v text);
    CREATE TABLE event (day date NOT NULL, what text) PARTITION BY RANGE (day);
    CREATE TABLE event_old PARTITION OF event FOR VALUES FROM ('2023-01-01') TO ('2024-01-01');
    CREATE TABLE event_rest PARTITION OF event DEFAULT;
    INSERT INTO event VALUES ('2023-05-05', 'a'), ('2024-05-05', 'b'), ('2024-06-06', 'c');
"""


@pytest.fixture
def connection(database: DatabaseURL) -> Iterator[psycopg.Connection]:
    maintenance.create(database)
    with maintenance.connect(database) as connected:
        connected.execute(SCHEMA.encode())
        fill(connected, ignore=["public.version"])
        yield connected


def lost(connection: psycopg.Connection, statements: str) -> tuple[Loss, ...]:
    before = picture(connection, ignore=["public.version"])
    connection.execute(statements.encode())
    after = picture(connection, ignore=["public.version"], since=before)
    assert after == picture(connection, ignore=["public.version"])
    return losses(before, after)


def messages(connection: psycopg.Connection, statements: str) -> list[tuple[str, str]]:
    return [(one.code, one.message) for one in lost(connection, statements)]


def test_rows(connection: psycopg.Connection) -> None:
    assert lost(connection, "DELETE FROM note WHERE id > 1") == (
        Loss(
            code="rows-lost",
            table="public.note",
            column=None,
            message="table public.note has 1 row, 3 before",
            remedy="have the revision keep the rows, or say in proof_exceptions.toml why they may go",
        ),
    )


def test_values(connection: psycopg.Connection) -> None:
    assert lost(connection, "UPDATE note SET mood = NULL") == (
        Loss(
            code="values-lost",
            table="public.note",
            column="mood",
            message="column mood of table public.note has 0 values, 2 before",
            remedy="have the revision carry the values over, or say in proof_exceptions.toml why they may go",
        ),
    )


def test_differences_between_values(connection: psycopg.Connection) -> None:
    assert lost(connection, "UPDATE note SET mood = 'ok' WHERE mood IS NOT NULL") == (
        Loss(
            code="values-merged",
            table="public.note",
            column="mood",
            message="column mood of table public.note has 1 distinct value, 2 before",
            remedy="have the revision keep different values apart, or say in proof_exceptions.toml why they may become equal",
        ),
    )


LOSSES = {
    "a cascade": (
        "DELETE FROM author WHERE id = 1",
        [
            ("rows-lost", "table public.author has 2 rows, 3 before"),
            ("rows-lost", "table public.note has 2 rows, 3 before"),
        ],
    ),
    "TRUNCATE": ("TRUNCATE note", [("rows-lost", "table public.note has 0 rows, 3 before")]),
    "a trigger of the revision": (
        """
        CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS
            $$ BEGIN DELETE FROM note WHERE author = NEW.id; RETURN NEW; END $$;
        CREATE TRIGGER t AFTER UPDATE ON author FOR EACH ROW EXECUTE FUNCTION f();
        UPDATE author SET name = name WHERE id = 1;
        """,
        [("rows-lost", "table public.note has 2 rows, 3 before")],
    ),
    "rows and, in those left, values": (
        "DELETE FROM note WHERE id = 2; UPDATE note SET body = NULL, mood = NULL WHERE id = 1",
        [
            ("rows-lost", "table public.note has 2 rows, 3 before"),
        ],
    ),
    "a type without equality": (
        "UPDATE note SET at = '(1,1)' WHERE at IS NOT NULL",
        [("values-merged", "column at of table public.note has 1 distinct value, 2 before")],
    ),
    "a type that holds less": (
        "ALTER TABLE note ALTER mood TYPE bool USING mood >= 'sad'",
        [("values-merged", "column mood of table public.note has 1 distinct value, 2 before")],
    ),
    "a renamed table": (
        "ALTER TABLE note RENAME TO memo; DELETE FROM memo WHERE id = 1",
        [("rows-lost", "table public.memo (public.note before) has 2 rows, 3 before")],
    ),
    "a renamed column": (
        "ALTER TABLE note RENAME mood TO feeling; UPDATE note SET feeling = NULL",
        [
            (
                "values-lost",
                "column feeling (mood before) of table public.note has 0 values, 2 before",
            )
        ],
    ),
    "a table built anew under its name": (
        """
        CREATE TABLE new AS SELECT title, mood, id, author, body FROM note WHERE id < 3;
        DROP TABLE note; ALTER TABLE new RENAME TO note;
        """,
        [("rows-lost", "table public.note has 2 rows, 3 before")],
    ),
    "a column built anew under its name": (
        "ALTER TABLE note ADD new text; ALTER TABLE note DROP title; ALTER TABLE note RENAME new TO title",
        [("values-lost", "column title of table public.note has 0 values, 3 before")],
    ),
    "a row of a partition": (
        "DELETE FROM event WHERE what = 'b'",
        [("rows-lost", "table public.event has 2 rows, 3 before")],
    ),
}


@pytest.mark.parametrize("name", LOSSES)
def test_losses(connection: psycopg.Connection, name: str) -> None:
    statements, expected = LOSSES[name]
    assert messages(connection, statements) == expected


NO_LOSS = {
    "nothing": "SELECT 1",
    "more rows": "INSERT INTO author (name) VALUES ('one more')",
    "a dropped table": "DROP TABLE note",
    "a dropped column": "ALTER TABLE note DROP mood",
    "a new column": "ALTER TABLE note ADD words int; ALTER TABLE note ADD tags text DEFAULT 'a'",
    "new values": "UPDATE note SET title = title || id",
    "a renamed table": "ALTER TABLE note RENAME TO memo",
    "another schema": "CREATE SCHEMA ops; ALTER TABLE note SET SCHEMA ops",
    "a renamed column": "ALTER TABLE note RENAME mood TO feeling",
    "another type": "ALTER TABLE note ALTER mood TYPE text, ALTER author TYPE bigint",
    "names swapped": "ALTER TABLE note RENAME title TO x; ALTER TABLE note RENAME mood TO title",
    "a table built anew": """
        CREATE TABLE new AS SELECT title, mood, id, author, body, at FROM note;
        DROP TABLE note; ALTER TABLE new RENAME TO note;
    """,
    "a table made empty beside the old one": """
        ALTER TABLE note RENAME TO note_old; CREATE TABLE note (id int)
    """,
    "a version table": "DELETE FROM version",
    "a dropped partition": "DROP TABLE event_old",
    "a detached partition": "ALTER TABLE event DETACH PARTITION event_old",
    "rows that move between partitions": """
        ALTER TABLE event DETACH PARTITION event_rest;
        CREATE TABLE event_new PARTITION OF event FOR VALUES FROM ('2024-01-01') TO ('2025-01-01');
        INSERT INTO event SELECT * FROM event_rest;
    """,
    "rows written anew": "VACUUM FULL note",
}


@pytest.mark.parametrize("name", NO_LOSS)
def test_no_loss(connection: psycopg.Connection, name: str) -> None:
    assert lost(connection, NO_LOSS[name]) == ()


def test_a_picture_holds_rows_values_and_distinct_values(connection: psycopg.Connection) -> None:
    tables = {table.name: table for table in picture(connection).tables.values()}
    assert {name: table.rows for name, table in tables.items()} == {
        "public.author": 3,
        "public.note": 3,
        "public.version": 0,
        "public.event": 3,
        "public.event_old": 1,
        "public.event_rest": 2,
    }
    assert {
        column.name: (column.values, column.distinct)
        for column in tables["public.note"].columns.values()
    } == {
        "id": (3, 3),
        "author": (3, 3),
        "title": (3, 3),
        "body": (2, 2),
        "mood": (2, 2),
        "at": (2, 2),
    }
