"""Databases on a server: created, cloned, named, commented, sealed and dropped."""

from __future__ import annotations

import contextlib
import time
from typing import TYPE_CHECKING

import psycopg
from psycopg import sql

from dbtasks.errors import ServerError
from dbtasks.maintenance.connections import connect_any, on_kept

if TYPE_CHECKING:
    from collections.abc import Iterable

    from dbtasks.url import DatabaseURL

_ENDING_LIMIT = 1.0
_ENDING_POLL = 0.001
_END_CONNECTIONS = """
    SELECT pg_terminate_backend(pid) FROM pg_stat_activity
    WHERE datname = %s AND backend_type = 'client backend' AND pid <> pg_backend_pid()
"""


def exists(url: DatabaseURL) -> bool:
    """Tell whether the database of `url` exists on its server."""
    with connect_any(url) as connection:
        found = connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [url.database])
        return found.fetchone() is not None


def create(url: DatabaseURL) -> bool:
    """Create the database of `url` if it is missing; tell whether it was."""
    if exists(url):
        return False
    with connect_any(url) as connection:
        try:
            connection.execute(
                sql.SQL("CREATE DATABASE {} TEMPLATE template0").format(
                    sql.Identifier(url.database)
                )
            )
        except psycopg.errors.DuplicateDatabase:
            return False
        except psycopg.errors.UniqueViolation:  # two CREATE DATABASE at the same moment
            return False
        except psycopg.Error as error:
            raise ServerError(
                f"database {url.database} cannot be created on {url.place}: {error.diag.message_primary or error}",
                remedy="let a role that may create databases create it, then run this again",
                code="create-database",
            ) from error
    return True


def drop(url: DatabaseURL, *, on: psycopg.Connection | None = None) -> None:
    """Drop the database of `url` if it exists, ending its connections."""
    with on_kept(on, url) as connection:
        _end_connections(connection, url.database)
        connection.execute(
            sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(url.database))
        )


def clone(
    template: DatabaseURL, copy: DatabaseURL, *, on: psycopg.Connection | None = None
) -> None:
    """Create the database of `copy` as a copy of the one of `template`, which nobody may be using.

    `file_copy` copies files instead of writing every page to the log: 3 times faster on a server
    without fsync, and the only way before PostgreSQL 15.
    """
    names = sql.Identifier(copy.database), sql.Identifier(template.database)
    with on_kept(on, template.with_database("")) as connection:
        fast = connection.info.server_version >= 150000
        strategy = sql.SQL(" STRATEGY file_copy" if fast else "")
        try:
            connection.execute(sql.SQL("CREATE DATABASE {} TEMPLATE {}").format(*names) + strategy)
        except psycopg.Error as error:
            raise ServerError(
                f"database {template.database} cannot be cloned: {error.diag.message_primary or error}",
                remedy="let a role that may create databases do this",
                code="clone",
            ) from error


def comments(
    url: DatabaseURL, prefix: str, *, on: psycopg.Connection | None = None
) -> dict[str, str]:
    """Return the comment of every database of the server whose name starts with `prefix`."""
    with on_kept(on, url) as connection:
        rows = connection.execute(
            "SELECT datname, coalesce(shobj_description(oid, 'pg_database'), '')"
            " FROM pg_database WHERE starts_with(datname, %s)",
            [prefix],
        )
        return dict(rows.fetchall())


def seal(url: DatabaseURL) -> None:
    """Let nobody connect to a database any more, and end who is: only so can it be cloned."""
    name = sql.Identifier(url.database)
    with connect_any(url.with_database("")) as connection:
        connection.execute(sql.SQL("ALTER DATABASE {} ALLOW_CONNECTIONS false").format(name))
        _end_connections(connection, url.database)


def rename(url: DatabaseURL, name: str) -> None:
    """Give a database another name and no comment, ending its connections."""
    old, new = sql.Identifier(url.database), sql.Identifier(name)
    seal(url)
    with connect_any(url.with_database("")) as connection:
        connection.execute(sql.SQL("ALTER DATABASE {} RENAME TO {}").format(old, new))
        connection.execute(sql.SQL("ALTER DATABASE {} ALLOW_CONNECTIONS true").format(new))
        connection.execute(sql.SQL("COMMENT ON DATABASE {} IS NULL").format(new))


def by_age(url: DatabaseURL, names: Iterable[str]) -> list[str]:
    """Return the databases that exist of those named, the oldest first."""
    with connect_any(url) as connection:
        rows = connection.execute(
            "SELECT datname FROM pg_database WHERE datname = ANY(%s) ORDER BY oid", [list(names)]
        )
        return [row[0] for row in rows]


def comment(url: DatabaseURL, text: str, *, on: psycopg.Connection | None = None) -> None:
    """Write the comment of the database of `url`."""
    with on_kept(on, url) as connection:
        connection.execute(
            sql.SQL("COMMENT ON DATABASE {} IS {}").format(
                sql.Identifier(url.database), sql.Literal(text)
            )
        )


def _end_connections(connection: psycopg.Connection, database: str) -> None:
    """End the connections to a database, and wait a moment until they are gone.

    DROP and CREATE DATABASE look for others once, and then every 100 ms: a connection that was closed
    just now, or that FORCE ends, costs them 100 ms, and a backend is gone within 2. What is still there
    after that moment, or may not be ended, is left to the statement that follows, which says so.
    """
    limit = time.monotonic() + _ENDING_LIMIT
    with contextlib.suppress(psycopg.errors.InsufficientPrivilege):
        while connection.execute(_END_CONNECTIONS, [database]).fetchone() is not None:
            if time.monotonic() > limit:
                return
            time.sleep(_ENDING_POLL)
