"""The lock that lets one process at a time run revisions on a database."""

from __future__ import annotations

import contextlib
import os
import platform
import time
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import psycopg

from dbtasks import maintenance, pooler
from dbtasks.errors import ServerError, SettingsError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from dbtasks.url import DatabaseURL
    from dbtasks.version_table import VersionTable

_POLL = 0.1
_KEEPALIVE = {"keepalives_idle": "30"}  # what a firewall forgets would free the lock
# Else the server may end a session that has nothing to do but to hold a lock.
_UNDISTURBED = """
    SELECT set_config(name, '0', false) FROM pg_settings
    WHERE name IN ('idle_session_timeout', 'statement_timeout')
"""
_HOLDER = """
    SELECT l.pid, coalesce(a.application_name, ''), coalesce(host(a.client_addr), ''),
           coalesce(to_char(a.state_change AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS'), '')
    FROM pg_locks l LEFT JOIN pg_stat_activity a ON a.pid = l.pid
    WHERE l.locktype = 'advisory' AND l.granted AND l.objsubid = 1
      AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database())
      AND l.classid = %s::bigint::oid AND l.objid = %s::bigint::oid
"""
# A schema that env.py leaves open is the one where the table is, or where it will be made.
_PLACE = """
    SELECT current_database(), coalesce(
        %s::name,
        (SELECT nspname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
         WHERE c.oid = to_regclass(quote_ident(%s::text))),
        current_schema(),
        ''
    )
"""


@dataclass(frozen=True, kw_only=True)
class Holder:
    """The session that holds the lock; a role without pg_monitor is not told `client` and `since`."""

    pid: int
    application: str
    client: str
    since: str

    def __str__(self) -> str:
        parts = [f"server process {self.pid}"]
        parts += [f"({self.application})"] if self.application else []
        parts += [f"from {self.client}"] if self.client else []
        parts += [f"since {self.since} UTC"] if self.since else []
        return " ".join(parts)


@contextlib.contextmanager
def migration_lock(
    url: DatabaseURL,
    table: VersionTable,
    *,
    wait: float,
    say: Callable[[str], None],
    past_pooler: DatabaseURL | None = None,
) -> Iterator[None]:
    """Hold the lock on the revisions of one version table in the database of `url`.

    The lock is the session's, on an autocommit connection of its own that is idle meanwhile, and
    waiters poll: so none of them keeps CREATE INDEX CONCURRENTLY waiting, and the lock goes with the
    process that holds it. `past_pooler` is another address of the database, for this connection.

    Raises:
        ServerError: somebody else held it for `wait` seconds, code `locked`; or the session is shared
            with others by a pooler, code `pooler`.
        SettingsError: `past_pooler` leads to another database.
    """
    address = url
    if past_pooler is not None:
        address = past_pooler.with_database(past_pooler.database or url.database)
        if maintenance.identity(address) != maintenance.identity(url):
            raise SettingsError(
                f"lock_url leads to another database than {url.database} at {url.place}",
                remedy="let lock_url be another address of that very database",
                code="lock-url",
            )
    with maintenance.connect(_named(address, "waiting to migrate")) as connection:
        try:
            pooler.check_session(connection, address)
            key = _key(connection, table)
            _acquire(connection, key, url, wait, say)
        except psycopg.OperationalError as error:
            raise ServerError(
                f"the connection for the migration lock of {url.database} was lost:"
                f" {str(error).splitlines()[0]}",
                remedy="see that the server runs, then run this again; nothing was changed",
                code="lock-lost",
            ) from error
        try:
            yield
        finally:
            _release(connection, key, say)


def holder_of(connection: psycopg.Connection, table: VersionTable) -> Holder | None:
    """Return who holds the lock on the revisions of a database, None if nobody does."""
    return _holder(connection, _key(connection, table))


def _acquire(
    connection: psycopg.Connection,
    key: int,
    url: DatabaseURL,
    wait: float,
    say: Callable[[str], None],
) -> None:
    connection.prepare_threshold = None
    connection.execute(_UNDISTURBED)
    limit = time.monotonic() + wait
    holder: Holder | None = None
    while not connection.execute("SELECT pg_try_advisory_lock(%s)", [key]).fetchone()[0]:  # type: ignore[index]
        found = _holder(connection, key)
        if found is not None and (holder is None or found.pid != holder.pid):
            holder = found
            say(f"waiting for {holder}, which holds the migration lock of {url.database}")
        if holder is not None and time.monotonic() > limit:
            raise _locked(url, wait, holder)
        time.sleep(_POLL)
    connection.execute("SELECT set_config('application_name', %s, false)", [_named_as("migrating")])


def _locked(url: DatabaseURL, wait: float, holder: Holder) -> ServerError:
    return ServerError(
        f"waited {wait:g} s to migrate database {url.database} at {url.place}:"
        f" its migration lock is held by {holder}",
        remedy="run this again when that has ended, or let lock_wait (DBTASKS_LOCK_WAIT) be longer;"
        " if it hangs, end that client, or if the client's machine is gone, its session:"
        f" SELECT pg_terminate_backend({holder.pid})",
        code="locked",
    )


def _holder(connection: psycopg.Connection, key: int) -> Holder | None:
    row = connection.execute(_HOLDER, [key >> 32 & 0xFFFFFFFF, key & 0xFFFFFFFF]).fetchone()
    if row is None:
        return None
    return Holder(pid=row[0], application=row[1], client=row[2], since=row[3])


def _release(connection: psycopg.Connection, key: int, say: Callable[[str], None]) -> None:
    try:
        connection.execute("SELECT pg_advisory_unlock(%s)", [key])
    except psycopg.OperationalError:
        say(
            "the connection with the migration lock was lost: another process may have migrated too"
        )


def _key(connection: psycopg.Connection, table: VersionTable) -> int:
    """Name database and schema as the server does: a pooler, or env.py, may have other names for them."""
    row = connection.execute(_PLACE, [table.schema, table.table]).fetchone()
    assert row is not None
    return maintenance.lock_key("\0".join(("migrate", *row, table.table)))


def _named(url: DatabaseURL, doing: str) -> DatabaseURL:
    return replace(url, query={**_KEEPALIVE, **url.query, "application_name": _named_as(doing)})


def _named_as(doing: str) -> str:
    """Return what pg_stat_activity shows, in the 63 bytes that it has for that."""
    return f"dbtasks {doing}: pid {os.getpid()} on {platform.node()}"[:63]
