"""What a server and a database tell of themselves."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import psycopg
from psycopg import sql

from dbtasks.maintenance.connections import connect_any, look, on_kept

if TYPE_CHECKING:
    from dbtasks.url import DatabaseURL


@dataclass(frozen=True, kw_only=True)
class Identity:
    """What tells one database on one running server from every other."""

    database: str
    server_started: str


# As a number, because the text of a moment depends on the session's time zone.
IDENTITY_SQL = "SELECT current_database(), extract(epoch FROM pg_postmaster_start_time())::text"


def server_version(url: DatabaseURL, *, on: psycopg.Connection | None = None) -> str:
    """Return the server's version, such as `17.11`."""
    with on_kept(on, url) as connection:
        return str(connection.execute("SHOW server_version").fetchone()[0]).split()[0]  # type: ignore[index]


def applied_revisions(url: DatabaseURL, table: str, schema: str | None) -> tuple[str, ...]:
    """Return the rows of a version table, sorted; none when the table does not exist."""
    name = sql.Identifier(*(part for part in (schema, table) if part))
    with look(url) as connection:
        try:
            rows = connection.execute(sql.SQL("SELECT version_num FROM {}").format(name))
            return tuple(sorted(row[0] for row in rows))
        except (psycopg.errors.UndefinedTable, psycopg.errors.InvalidSchemaName):
            return ()


def identity(url: DatabaseURL) -> Identity:
    """Return the identity of the database at `url`."""
    with look(url) as connection:
        row = connection.execute(IDENTITY_SQL).fetchone()
    assert row is not None
    return Identity(database=row[0], server_started=row[1])


def size(url: DatabaseURL) -> int:
    """Return the bytes that the database of `url` takes on disk."""
    with connect_any(url) as connection:
        row = connection.execute("SELECT pg_database_size(%s)", [url.database]).fetchone()
    assert row is not None
    return int(row[0])
