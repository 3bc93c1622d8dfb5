"""Invalid indexes are found where a build failed, and not where one is going on."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from typing import TYPE_CHECKING

import psycopg
import pytest

from dbtasks import maintenance
from dbtasks.catalog import invalid_indexes
from histories import execute, rows
from waiting import until

if TYPE_CHECKING:
    from dbtasks.url import DatabaseURL

CREATE = 'CREATE UNIQUE INDEX CONCURRENTLY "By ""Code""" ON "Stock"."Item" (code)'
BUILDING = "SELECT count(*) FROM pg_stat_progress_create_index WHERE datname = current_database() AND phase ~ 'waiting'"


@pytest.fixture
def table(database: DatabaseURL) -> DatabaseURL:
    """A database with one table, two rows of which are the same."""
    maintenance.create(database)
    execute(database, 'CREATE SCHEMA "Stock"; CREATE TABLE "Stock"."Item" (code text)')
    execute(database, """INSERT INTO "Stock"."Item" VALUES ('a'), ('a')""")
    return database


def found(url: DatabaseURL) -> list[tuple[str, str, bool, str]]:
    with maintenance.connect(url) as connection:
        return [
            (one.name, one.table, one.of_reindex, one.command)
            for one in invalid_indexes.read(connection)
        ]


def test_what_a_failed_build_left_is_named_and_dropped_by_its_command(table: DatabaseURL) -> None:
    with pytest.raises(psycopg.errors.UniqueViolation):
        execute(table, CREATE)
    name = '"Stock"."By ""Code"""'
    drop = f"DROP INDEX CONCURRENTLY {name}"
    assert found(table) == [(name, '"Stock"."Item"', False, drop)]
    execute(table, drop)
    assert found(table) == []


def test_what_a_failed_reindex_left_is_told_apart(table: DatabaseURL) -> None:
    execute(table, 'CREATE INDEX by_code ON "Stock"."Item" (code)')
    with maintenance.connect(table) as reader, maintenance.connect(table) as builder:
        reader.execute("BEGIN ISOLATION LEVEL REPEATABLE READ")
        reader.execute('SELECT 1 FROM "Stock"."Item"')
        builder.execute("SET lock_timeout = '50ms'")
        with pytest.raises(psycopg.errors.LockNotAvailable):
            builder.execute('REINDEX INDEX CONCURRENTLY "Stock".by_code')
    name = '"Stock".by_code_ccnew'
    assert found(table) == [
        (name, '"Stock"."Item"', True, 'DROP INDEX CONCURRENTLY "Stock"."by_code_ccnew"')
    ]


def test_an_index_being_built_is_none_also_for_a_role_that_sees_no_other_session(
    table: DatabaseURL,
) -> None:
    role = f"{table.database}_plain"
    execute(table, f"CREATE ROLE {role}")
    build = 'CREATE INDEX CONCURRENTLY slow ON "Stock"."Item" (code)'
    try:
        with maintenance.connect(table) as reader, ThreadPoolExecutor(1) as threads:
            with closing(reader):
                reader.execute("BEGIN ISOLATION LEVEL REPEATABLE READ")
                reader.execute('SELECT 1 FROM "Stock"."Item"')
                built = threads.submit(execute, table, build)
                until(lambda: rows(table, BUILDING) == [1], "the build waits for the reader")
                assert rows(table, "SELECT count(*) FROM pg_index WHERE NOT indisvalid") == [1]
                with maintenance.connect(table) as plain:
                    plain.execute(f"SET ROLE {role}".encode())
                    assert invalid_indexes.read(plain) == ()
            built.result()
        assert found(table) == []
    finally:
        execute(table.with_database("postgres"), f"DROP ROLE {role}")


def test_a_partitioned_index_that_waits_for_its_parts_is_none(table: DatabaseURL) -> None:
    execute(table, "CREATE TABLE whole (at date) PARTITION BY RANGE (at)")
    execute(table, "CREATE TABLE part PARTITION OF whole DEFAULT")
    execute(table, "CREATE INDEX ON ONLY whole (at)")
    assert found(table) == []
