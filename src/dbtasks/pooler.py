"""Connection poolers between us and a server: whether a session is ours, and whether there is one at all."""

from __future__ import annotations

import select
from typing import TYPE_CHECKING

from dbtasks import maintenance
from dbtasks.errors import ServerError, no_connection_left

if TYPE_CHECKING:
    import psycopg

    from dbtasks.url import DatabaseURL

_ROUNDS = 5
_PATIENCE = 5.0
_LONG_PATIENCE = 15.0


def check_session(connection: psycopg.Connection, url: DatabaseURL) -> None:
    """Stop if what a session sets or locks would not last on this connection to `url`.

    A pooler tells its clients a process id of its own making, so a server's own address is known
    by one question. A pooler that keeps sessions apart (PgBouncer's pool_mode = session) will do: it
    never gives one server process to two clients, and never another one to a client that stays.

    Raises:
        ServerError: a pooler shares its connections between clients, or has too few; code `pooler`.
    """
    process = _process(connection, _PATIENCE)
    if connection.info.backend_pid == process:
        return
    if process is None:
        raise no_connection_left(url.place)
    ours, theirs = set[int | None](), set[int | None]()
    with maintenance.connect(url) as other:
        for _ in range(_ROUNDS):  # other clients may have had the connection in between
            ours.add(_process(connection))
            theirs.add(_process(other, _PATIENCE))
            if None in theirs:
                raise no_connection_left(url.place)
            ours.add(_process(connection))
            if len(ours) > 1 or len(theirs) > 1 or ours & theirs:
                raise _shared(url)


def identity(url: DatabaseURL) -> maintenance.Identity:
    """Return the identity of the database at `url`, while another connection to it is in use.

    Raises:
        ServerError: a pooler had no second connection; code `pooler`.
    """
    with maintenance.looks_kept():
        with maintenance.look(url) as connection:
            if _process(connection, _LONG_PATIENCE) is None:
                raise no_connection_left(url.place)
        return maintenance.identity(url)


def _process(connection: psycopg.Connection, patience: float | None = None) -> int | None:
    """Return the server process that answers now, None if the pooler has none to give in time."""
    pgconn = connection.pgconn
    pgconn.send_query(b"SELECT pg_backend_pid()")
    if not select.select([connection.fileno()], [], [], patience)[0]:
        return None
    found = None
    while (result := pgconn.get_result()) is not None:
        found = result.get_value(0, 0) if result.ntuples else found
    return int(found) if found is not None else None


def _shared(url: DatabaseURL) -> ServerError:
    return ServerError(
        f"{url.place} is a connection pooler whose clients share connections, such as PgBouncer in"
        " transaction mode, and no lock on a migration lasts there",
        remedy="let lock_url (DBTASKS_LOCK_URL) be the URL of the database past the pooler",
        code="pooler",
    )
