"""One schema on every PostgreSQL major: what PostgreSQL changed is not told, the rest is."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psycopg
import pytest

from dbtasks import maintenance
from dbtasks.catalog import Fingerprint, changes, normalised, read
from dbtasks.servers.docker import DockerServer

if TYPE_CHECKING:
    from dbtasks.settings import Settings
    from dbtasks.url import DatabaseURL

MAJORS = (14, 15, 16, 17, 18)
SCHEMAS = ("rich_schema.sql", "awkward_schema.sql")

# each statement makes the same everywhere, though PostgreSQL does not store or print it the same
SAME = {
    "not-null": "CREATE TABLE t (a integer NOT NULL, b integer CONSTRAINT named NOT NULL)",
    "not-null-inherited": "CREATE TABLE p (a integer NOT NULL); CREATE TABLE c () INHERITS (p)",
    "public-closed": "REVOKE CREATE ON SCHEMA public FROM PUBLIC",
    "public-opened": "GRANT CREATE ON SCHEMA public TO PUBLIC",
    "public-shut": "REVOKE ALL ON SCHEMA public FROM PUBLIC",
    "public-granted": "GRANT ALL ON SCHEMA public TO catalog_app",
    "public-owned": "ALTER SCHEMA public OWNER TO catalog_owner",
    "public-anew": "DROP SCHEMA public; CREATE SCHEMA public",
    "all-granted": "CREATE TABLE t (); GRANT ALL ON t TO catalog_app; REVOKE TRIGGER ON t FROM catalog_app",
    "owner-less": "CREATE TABLE t (); REVOKE ALL ON t FROM CURRENT_USER; GRANT SELECT ON t TO CURRENT_USER",
    "each-granted": "CREATE TABLE t ();"
    " GRANT SELECT, INSERT, UPDATE, DELETE, TRUNCATE, REFERENCES, TRIGGER ON t TO catalog_app",
    "default-granted": "ALTER DEFAULT PRIVILEGES GRANT ALL ON TABLES TO catalog_app",
    "statistics-target": "CREATE TABLE t (a integer, b integer); CREATE STATISTICS s ON a, b FROM t;"
    " ALTER STATISTICS s SET STATISTICS 5; ALTER TABLE t ALTER a SET STATISTICS -1",
    "partition-key": "CREATE TABLE p (a integer PRIMARY KEY) PARTITION BY LIST (a);"
    " CREATE TABLE q PARTITION OF p FOR VALUES IN (1, NULL);"
    " CREATE TABLE f (a integer REFERENCES p) PARTITION BY HASH (a);"
    " CREATE TABLE g PARTITION OF f FOR VALUES WITH (MODULUS 1, REMAINDER 0)",
    "primary-key-dropped": "CREATE TABLE t (a integer PRIMARY KEY); ALTER TABLE t DROP CONSTRAINT t_pkey;"
    " ALTER TABLE t ALTER a DROP NOT NULL",
}

# the line that tells the newest from the oldest where a revision asks for the version
DIFFERENT = {
    "present": ("CREATE TYPE extra AS ENUM ('a')", "enum public.extra: added"),
    "type": ("ALTER TABLE t ALTER n TYPE bigint", "column public.t.n: type was integer, is bigint"),
    "default": ("ALTER TABLE t ALTER n SET DEFAULT 5", "column public.t.n: default was (none), is 5"),
    "nullable": ("ALTER TABLE t ALTER n SET NOT NULL", "column public.t.n: nullable was true, is false"),
    "constraint": (
        "ALTER TABLE t DROP CONSTRAINT ck, ADD CONSTRAINT ck CHECK (n > 1)",
        "constraint public.t.ck: definition was CHECK ((n > 0)), is CHECK ((n > 1))",
    ),
    "view": (
        "CREATE OR REPLACE VIEW v AS SELECT n FROM w WHERE n < 9",
        "view public.v: definition was SELECT n FROM public.w;, is SELECT n FROM public.w WHERE (n < 9);",
    ),
    "grant": ("GRANT SELECT ON t TO catalog_app", "table public.t: grants was (none), is [catalog_app: SELECT]"),
    "maintain": ("GRANT MAINTAIN ON t TO catalog_app", "table public.t: grants was (none), is [catalog_app: MAINTAIN]"),
    "virtual": ("ALTER TABLE t ADD g integer GENERATED ALWAYS AS (n + 1)", "column public.t.g: added"),
    "not-enforced": (
        "ALTER TABLE t DROP CONSTRAINT ck, ADD CONSTRAINT ck CHECK (n > 0) NOT ENFORCED",
        "constraint public.t.ck: definition was CHECK ((n > 0)), is CHECK ((n > 0)) NOT ENFORCED",
    ),
    "nulls": (
        "ALTER TABLE t DROP CONSTRAINT u, ADD CONSTRAINT u UNIQUE NULLS NOT DISTINCT (n)",
        "constraint public.t.u: definition was UNIQUE (n), is UNIQUE NULLS NOT DISTINCT (n)",
    ),
}  # fmt: skip

Connection = psycopg.Connection[Any]


@pytest.fixture(scope="module")
def servers(
    tmp_path_factory: pytest.TempPathFactory,
    docker_engine: None,
    docker_image: str,
    make_settings: Callable[..., Settings],
) -> Iterator[list[Connection]]:
    """A connection to each major, in a database of its own, oldest first."""
    made = [
        DockerServer(
            make_settings(
                tmp_path_factory.mktemp(f"pg{major}"),
                name=f"t{secrets.token_hex(4)}",
                image=docker_image,
                postgres=major,
                server="docker",
                server_options={"fsync": "off"},
            )
        )
        for major in MAJORS
    ]
    try:
        with ThreadPoolExecutor(len(made)) as pool:
            urls = list(pool.map(lambda server: server.start(), made))
        connections = [_database(url) for url in urls]
        yield connections
        for connection in connections:
            connection.close()
    finally:
        with ThreadPoolExecutor(len(made)) as pool:
            list(pool.map(lambda server: server.destroy(), made))


def _database(url: DatabaseURL) -> Connection:
    own = url.with_database("catalog_versions")
    maintenance.create(own)
    connection = psycopg.connect(**own.connect_args(), autocommit=True)
    connection.execute("CREATE ROLE catalog_owner; CREATE ROLE catalog_app")
    return connection


def after(connection: Connection, script: str) -> Fingerprint:
    """Return the fingerprint that a script leads to, and undo the script."""
    with connection.transaction(force_rollback=True):
        connection.execute(script)
        return normalised(read(lambda sql: connection.execute(sql).fetchall()))


def test_each_is_the_major_that_it_should_be(servers: list[Connection]) -> None:
    assert tuple(after(connection, "SELECT").major for connection in servers) == MAJORS


@pytest.mark.parametrize("schema", SCHEMAS)
def test_a_schema_is_the_same_on_every_major(servers: list[Connection], schema: str) -> None:
    script = (Path(__file__).parent.parent / schema).read_text("utf-8")
    found = [after(connection, script) for connection in servers]
    told = [str(change) for older, newer in pairwise(found) for change in changes(older, newer)]
    assert told == []
    assert len(found[0].objects) > 150


@pytest.mark.parametrize("case", SAME)
def test_what_postgres_changed_is_not_told(servers: list[Connection], case: str) -> None:
    found = [after(connection, SAME[case]) for connection in servers]
    told = [str(change) for older, newer in pairwise(found) for change in changes(older, newer)]
    assert told == []


@pytest.mark.parametrize("case", DIFFERENT)
def test_what_a_revision_does_on_one_major_only_is_told(
    servers: list[Connection], case: str
) -> None:
    script, line = DIFFERENT[case]
    base = (
        "CREATE TABLE t (n integer CONSTRAINT ck CHECK (n > 0) CONSTRAINT u UNIQUE);"
        "CREATE TABLE w (n integer); CREATE VIEW v AS SELECT n FROM w;"
    )
    oldest, newest = after(servers[0], base), after(servers[-1], base + script)
    assert [str(change) for change in changes(oldest, newest)] == [line]


def test_a_publication_of_15_names_rows_columns_and_schemas(servers: list[Connection]) -> None:
    script = (
        "CREATE TABLE t (a integer, b integer); CREATE PUBLICATION p FOR TABLE t (a) WHERE (a > 3);"
        "CREATE PUBLICATION q FOR TABLES IN SCHEMA public"
    )
    for connection in servers[1:]:
        found = after(connection, script).objects
        assert found["publication p"]["tables"] == ("public.t (a) where (a > 3)",)
        assert found["publication q"]["schemas"] == ("public",)
