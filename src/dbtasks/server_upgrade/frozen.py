"""The old server's databases while they are moved: nobody may write, everybody may read."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

import psycopg
from psycopg import sql

from dbtasks import maintenance
from dbtasks.errors import ServerError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dbtasks.url import DatabaseURL

_PATIENCE = 10.0
_TABLES = """
    SELECT n.nspname, c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE c.relkind IN ('r', 'p') AND c.relpersistence <> 't'
      AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema' ORDER BY c.oid
"""
_WRITERS = """
    SELECT format('process %s (%s, %s) writes to %s since %s', a.pid,
                  coalesce(nullif(a.application_name, ''), 'without a name'), a.state,
                  min(l.relation::regclass::text), to_char(a.xact_start, 'HH24:MI:SS'))
    FROM pg_locks l JOIN pg_stat_activity a ON a.pid = l.pid
    JOIN pg_class c ON c.oid = l.relation
    WHERE l.locktype = 'relation' AND l.granted AND l.pid <> pg_backend_pid()
      AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database())
      AND c.relkind IN ('r', 'p') AND l.mode NOT IN ('AccessShareLock', 'RowShareLock', 'ShareLock')
      AND a.datname = current_database()
    GROUP BY a.pid, a.application_name, a.state, a.xact_start ORDER BY a.pid
"""


@contextlib.contextmanager
def frozen(url: DatabaseURL, *, patience: float = _PATIENCE) -> Iterator[psycopg.Connection]:
    """Hold a lock on every table of a database against writers, until the body ends or we die.

    The locks keep what is committed meanwhile from being lost: who wants to write waits, and fails
    when the old server is stopped. Nothing on the old server is changed for it.

    Raises:
        ServerError: somebody has been writing for longer than `patience` seconds, or there are more
            tables than the server has room for locks.
    """
    with maintenance.connect(url) as connection:
        connection.execute("SET idle_in_transaction_session_timeout = 0")
        connection.execute(sql.SQL("SET lock_timeout = {}").format(int(patience * 1000)))
        tables = connection.execute(_TABLES).fetchall()
        connection.execute("BEGIN")  # whoever stops the server ends it, and that is no error here
        if tables:
            names = sql.SQL(", ").join(
                sql.SQL("ONLY {}").format(sql.Identifier(*row)) for row in tables
            )
            try:
                connection.execute(sql.SQL("LOCK TABLE {} IN SHARE MODE").format(names))
            except psycopg.Error as error:
                raise _not_locked(url, error, patience) from error
        yield connection


def _not_locked(url: DatabaseURL, error: psycopg.Error, patience: float) -> ServerError:
    if not isinstance(error, psycopg.errors.LockNotAvailable):
        return ServerError(
            f"the tables of database {url.database} cannot be locked against writers:"
            f" {error.diag.message_primary or error}",
            remedy="raise max_locks_per_transaction in server_options if it says so, then run this again",
            code="upgrade",
        )
    with maintenance.connect(url) as connection:
        writers = [row[0] for row in connection.execute(_WRITERS)]
    return ServerError(
        f"database {url.database} has been written to for {patience:g} s without an end",
        remedy="let those transactions end, or end them, then run this again",
        code="database-busy",
        details=writers,
    )
