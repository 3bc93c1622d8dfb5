"""Children get real keys of their parents, in chains and in cycles."""

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


def filled(connection: psycopg.Connection, schema: str) -> tuple[Filled, ...]:
    connection.execute(schema.encode())
    return fill(connection)


def rows(connection: psycopg.Connection, query: str) -> list[tuple[Any, ...]]:
    return connection.execute(query.encode()).fetchall()


def full(*tables: str) -> tuple[Filled, ...]:
    return tuple(Filled(table=one, present=0, inserted=3, refused=None) for one in tables)


def test_a_chain_is_filled_from_its_parents_down(connection: psycopg.Connection) -> None:
    """Though the children were created first."""
    schema = """
        CREATE TABLE leaf (id serial, middle_at int NOT NULL, place text);
        CREATE TABLE middle (at int PRIMARY KEY, place text UNIQUE, root uuid NOT NULL);
        CREATE TABLE root (id uuid PRIMARY KEY);
        ALTER TABLE leaf ADD FOREIGN KEY (middle_at) REFERENCES middle;
        ALTER TABLE leaf ADD FOREIGN KEY (place) REFERENCES middle (place);
        ALTER TABLE middle ADD FOREIGN KEY (root) REFERENCES root;
    """
    assert filled(connection, schema) == full("public.leaf", "public.middle", "public.root")
    assert rows(connection, "SELECT count(DISTINCT middle_at), count(place) FROM leaf") == [(3, 2)]
    assert rows(connection, "SELECT count(DISTINCT root) FROM middle") == [(3,)]


def test_a_shared_column_agrees_in_all_foreign_keys(connection: psycopg.Connection) -> None:
    schema = """
        CREATE TABLE tenant (id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY, name text UNIQUE);
        CREATE TABLE project (
            tenant int NOT NULL REFERENCES tenant, id int NOT NULL, PRIMARY KEY (tenant, id)
        );
        CREATE TABLE person (
            tenant int NOT NULL REFERENCES tenant, id int NOT NULL, PRIMARY KEY (tenant, id)
        );
        CREATE TABLE task (
            tenant int NOT NULL REFERENCES tenant, project int NOT NULL, person int NOT NULL,
            FOREIGN KEY (tenant, project) REFERENCES project,
            FOREIGN KEY (tenant, person) REFERENCES person
        );
    """
    tables = ("public.tenant", "public.project", "public.person", "public.task")
    assert filled(connection, schema) == full(*tables)
    assert rows(connection, "SELECT count(DISTINCT (tenant, project, person)) FROM task") == [(3,)]


def test_match_full_is_null_in_all_columns_or_in_none(connection: psycopg.Connection) -> None:
    schema = """
        CREATE TABLE parent (a int, b text, PRIMARY KEY (a, b));
        CREATE TABLE child (a int, b text, FOREIGN KEY (a, b) REFERENCES parent MATCH FULL);
        CREATE TABLE half (
            a int, b text NOT NULL, FOREIGN KEY (a, b) REFERENCES parent MATCH FULL
        );
    """
    assert filled(connection, schema) == full("public.parent", "public.child", "public.half")
    assert rows(connection, "SELECT num_nulls(a, b) FROM child") == [(0,), (2,), (0,)]
    assert rows(connection, "SELECT num_nulls(a, b) FROM half") == [(0,), (0,), (0,)]


def test_one_to_one_and_many_to_many(connection: psycopg.Connection) -> None:
    schema = """
        CREATE TABLE a (id serial PRIMARY KEY);
        CREATE TABLE b (id uuid PRIMARY KEY);
        CREATE TABLE profile (a int PRIMARY KEY REFERENCES a ON DELETE CASCADE, note text);
        CREATE TABLE a_b (a int REFERENCES a, b uuid REFERENCES b, PRIMARY KEY (a, b));
    """
    assert filled(connection, schema) == full(
        "public.a", "public.b", "public.profile", "public.a_b"
    )
    connection.execute("DELETE FROM profile WHERE a = 2; INSERT INTO a DEFAULT VALUES")
    assert fill(connection) == (
        Filled(table="public.profile", present=2, inserted=1, refused=None),
    )
    assert rows(connection, "SELECT a FROM profile ORDER BY a") == [(1,), (2,), (3,)]


def test_partitioned_parents_with_columns_of_awkward_names(connection: psycopg.Connection) -> None:
    schema = """
        CREATE TABLE p (at timestamptz, key int, "pla%ce" text, PRIMARY KEY (at, key)) PARTITION BY RANGE (at);
        CREATE TABLE p1 PARTITION OF p FOR VALUES FROM ('2024-01-01') TO ('2024-02-01');
        CREATE TABLE c (at timestamptz NOT NULL, key int NOT NULL, FOREIGN KEY (at, key) REFERENCES p);
    """
    assert filled(connection, schema) == full("public.p", "public.c")
    assert rows(connection, "SELECT count(*) FROM c JOIN p USING (at, key)") == [(3,)]


CYCLES = {
    "itself, nullable": "a (id serial PRIMARY KEY, up int REFERENCES a)",
    "itself, required, with a key of ours": "a (id int PRIMARY KEY, up int NOT NULL REFERENCES a)",
    "itself, required, with a key of the server's": (
        "a (id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY, up int NOT NULL REFERENCES a)"
    ),
    "itself, required, before the key": "a (up int NOT NULL, id serial PRIMARY KEY, FOREIGN KEY (up) REFERENCES a)",
}


@pytest.mark.parametrize("name", CYCLES)
def test_a_table_that_refers_to_itself(connection: psycopg.Connection, name: str) -> None:
    assert filled(connection, f"CREATE TABLE {CYCLES[name]}") == full("public.a")


def test_cycles_that_null_breaks(connection: psycopg.Connection) -> None:
    schema = """
        CREATE TABLE a (id serial PRIMARY KEY, b int NOT NULL);
        CREATE TABLE b (id serial PRIMARY KEY, c int NOT NULL);
        CREATE TABLE c (id serial PRIMARY KEY, a int REFERENCES a);
        ALTER TABLE a ADD FOREIGN KEY (b) REFERENCES b;
        ALTER TABLE b ADD FOREIGN KEY (c) REFERENCES c;
    """
    assert filled(connection, schema) == full("public.a", "public.b", "public.c")
    assert rows(connection, "SELECT a FROM c ORDER BY id") == [(None,), (None,), (2,)]


def test_cycles_that_only_the_end_of_a_transaction_closes(connection: psycopg.Connection) -> None:
    schema = """
        CREATE TABLE a (id serial PRIMARY KEY, b uuid NOT NULL UNIQUE);
        CREATE TABLE b (id uuid PRIMARY KEY, c int NOT NULL);
        CREATE TABLE c (id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY, a int NOT NULL REFERENCES a);
        ALTER TABLE a ADD FOREIGN KEY (b) REFERENCES b DEFERRABLE INITIALLY DEFERRED;
        ALTER TABLE b ADD FOREIGN KEY (c) REFERENCES c DEFERRABLE;
    """
    assert filled(connection, schema) == full("public.a", "public.b", "public.c")


def test_a_cycle_that_nothing_breaks_is_reported(connection: psycopg.Connection) -> None:
    schema = """
        CREATE TABLE a (id serial PRIMARY KEY, b int NOT NULL);
        CREATE TABLE b (id serial PRIMARY KEY, a int NOT NULL REFERENCES a);
        ALTER TABLE a ADD FOREIGN KEY (b) REFERENCES b;
        CREATE TABLE c (b int NOT NULL REFERENCES b);
    """
    reason = 'insert or update on table "a" violates foreign key constraint "a_b_fkey"'
    assert filled(connection, schema) == (
        Filled(table="public.a", present=0, inserted=0, refused=reason),
        Filled(table="public.b", present=0, inserted=0, refused=reason),
        Filled(
            table="public.c",
            present=0,
            inserted=0,
            refused='null value in column "b" of relation "c" violates not-null constraint',
        ),
    )
