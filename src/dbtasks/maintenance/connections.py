"""Connections to a server: to one database, to any of the server's, or kept for several looks."""

from __future__ import annotations

import contextlib
import select
from typing import TYPE_CHECKING, Any

import psycopg

from dbtasks.errors import (
    NO_CONNECTION_LEFT,
    DbtasksError,
    ServerError,
    SettingsError,
    no_connection_left,
)
from dbtasks.looks import Looks

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dbtasks.url import DatabaseURL

CONNECT_TIMEOUT = 5
_MAINTENANCE_DATABASES = ("postgres", "template1")


@contextlib.contextmanager
def connect(url: DatabaseURL, **options: Any) -> Iterator[psycopg.Connection]:
    """Connect in autocommit mode; `options` are libpq's, beside those of the URL.

    Of psycopg's own error the traceback is left out: its local variables hold the password.

    Raises:
        ServerError: with the server's own words; code `database-missing` or `password` where known,
            and `connection-lost` if the connection ends while it is used.
    """
    try:
        connection = psycopg.connect(
            **{
                "connect_timeout": CONNECT_TIMEOUT,
                "application_name": "dbtasks",
                **url.connect_args(),
                **options,
            },
            autocommit=True,
        )
    except psycopg.ProgrammingError as error:
        raise _option_error(str(error)) from error
    except UnicodeError as error:
        raise SettingsError(
            f"the host in the database URL is none: {str(error).rpartition(': ')[2].rstrip(')')}",
            remedy="correct the host, which stands after the @",
            code="url",
        ) from error.with_traceback(None)
    except psycopg.Error as error:
        raise _connection_error(url, error) from error.with_traceback(None)
    with contextlib.closing(connection):
        try:
            yield connection
        except psycopg.errors.ProtocolViolation as error:
            if NO_CONNECTION_LEFT not in str(error):
                raise
            raise no_connection_left(url.place) from error.with_traceback(None)
        except psycopg.OperationalError as error:
            if not connection.closed:
                raise
            raise ServerError(
                f"{url.place} ended the connection: {str(error).strip().splitlines()[0]}",
                remedy="see whether the server runs (invoke db.status), then run this again",
                code="connection-lost",
            ) from error.with_traceback(None)


_looks: Looks[psycopg.Connection] = Looks()


def looks_kept() -> contextlib.AbstractContextManager[None]:
    """Let what this thread reads with `look` meanwhile come over one connection for each database."""
    return _looks.kept()


def look(url: DatabaseURL, **options: Any) -> contextlib.AbstractContextManager[psycopg.Connection]:
    """Connect to read something, leaving the session as it is; takes and raises what `connect` does."""
    return _looks.one(url.libpq(), lambda: connect(url, **options), _still_works)


@contextlib.contextmanager
def connect_any(url: DatabaseURL) -> Iterator[psycopg.Connection]:
    """Connect to a maintenance database of the server, or to the database itself."""
    with contextlib.ExitStack() as stack:
        failure: ServerError | None = None
        for database in dict.fromkeys((*_MAINTENANCE_DATABASES, url.database)):
            try:
                connection = stack.enter_context(connect(url.with_database(database)))
                break
            except ServerError as error:
                if error.code == "unreachable":
                    raise
                failure = failure or error
        else:
            assert failure is not None
            raise failure
        yield connection


@contextlib.contextmanager
def on_kept(kept: psycopg.Connection | None, url: DatabaseURL) -> Iterator[psycopg.Connection]:
    """Yield the connection that the caller keeps, if it still works, else one for this occasion."""
    if kept is not None and _still_works(kept):
        yield kept
        return
    with connect_any(url) as connection:
        yield connection


def _still_works(kept: psycopg.Connection) -> bool:
    """Tell without asking: to an idle client a server says nothing until it ends the session."""
    return not kept.closed and not select.select([kept.fileno()], [], [], 0)[0]


def _option_error(text: str) -> SettingsError:
    return SettingsError(
        f"the database URL has an option that libpq does not take: {text.strip()}",
        remedy="correct what follows the ? in it",
        code="url",
    )


def _connection_error(url: DatabaseURL, error: psycopg.Error) -> DbtasksError:
    """Say which of the few things that go wrong in connecting it was."""
    said = str(error).partition("connection is bad: ")[2]
    if said.startswith("invalid ") and " value" in said:
        return _option_error(said)
    lines = [line for line in str(error).strip().splitlines() if " failed: " in line]
    text = lines[-1].rpartition(" failed: ")[2] if lines else str(error).strip().splitlines()[0]
    text = text.rpartition("FATAL:")[2].strip() or text
    if url.password:
        text = text.replace(url.password, "***")
    if "does not exist" in text and "database" in text:
        return ServerError(
            f'database "{url.database}" does not exist on {url.place}',
            remedy="invoke db.init creates it",
            code="database-missing",
        )
    if "authentication failed" in text or "no password supplied" in text:
        return ServerError(
            f'{url.place} refuses role "{url.user}": {text}',
            remedy="check the password in the URL",
            code="password",
        )
    if "FATAL" in str(error):
        return ServerError(
            f"{url.place} refuses the connection: {text}",
            remedy="see invoke db.logs",
            code="refused",
        )
    return ServerError(
        f"no PostgreSQL server answers at {url.place}: {text}",
        remedy="invoke db.start, or check the address",
        code="unreachable",
    )
