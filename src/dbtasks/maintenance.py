"""Databases on a server that answers: exists, create, set up, drop, identity."""

from __future__ import annotations

import contextlib
import hashlib
import select
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

import psycopg
from psycopg import sql

from dbtasks.errors import DbtasksError, MigrationError, ServerError, SettingsError
from dbtasks.looks import Looks

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from dbtasks.url import DatabaseURL

CONNECT_TIMEOUT = 5
_LOCK_POLL = 0.1
_ENDING_LIMIT = 1.0
_ENDING_POLL = 0.001
_END_CONNECTIONS = """
    SELECT pg_terminate_backend(pid) FROM pg_stat_activity
    WHERE datname = %s AND backend_type = 'client backend' AND pid <> pg_backend_pid()
"""
SETUP_MARK = "dbtasks: set up "
_MAINTENANCE_DATABASES = ("postgres", "template1")


@dataclass(frozen=True, kw_only=True)
class Identity:
    """What tells one database on one running server from every other."""

    database: str
    server_started: str


# As a number, because the text of a moment depends on the session's time zone.
IDENTITY_SQL = "SELECT current_database(), extract(epoch FROM pg_postmaster_start_time())::text"


@contextlib.contextmanager
def connect(url: DatabaseURL) -> Iterator[psycopg.Connection]:
    """Connect in autocommit mode.

    Of psycopg's own error the traceback is left out: its local variables hold the password.

    Raises:
        ServerError: with the server's own words; code `database-missing` or `password` where known.
    """
    try:
        connection = psycopg.connect(
            **{
                "connect_timeout": CONNECT_TIMEOUT,
                "application_name": "dbtasks",
                **url.connect_args(),
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
        yield connection


_looks: Looks[psycopg.Connection] = Looks()


def looks_kept() -> contextlib.AbstractContextManager[None]:
    """Let what this thread reads with `look` meanwhile come over one connection for each database."""
    return _looks.kept()


def look(url: DatabaseURL) -> contextlib.AbstractContextManager[psycopg.Connection]:
    """Connect to read something, leaving the session as it is; raises what `connect` does."""
    return _looks.one(url.libpq(), lambda: connect(url), _still_works)


def server_version(url: DatabaseURL, *, on: psycopg.Connection | None = None) -> str:
    """Return the server's version, such as `17.11`."""
    with _on(on, url) as connection:
        return str(connection.execute("SHOW server_version").fetchone()[0]).split()[0]  # type: ignore[index]


def change_password(url: DatabaseURL, password: str) -> None:
    """Give the role of `url` another password; only its verifier goes to the server and its log."""
    with connect(url) as connection:
        connection.execute(
            sql.SQL("ALTER ROLE {} PASSWORD {}").format(
                sql.Identifier(url.user), verifier(connection, url.user, password)
            )
        )


def verifier(connection: psycopg.Connection, role: str, password: str) -> sql.Literal:
    """Return what a server may be told instead of a password, so that its log does not get that."""
    found = connection.pgconn.encrypt_password(password.encode(), role.encode(), b"scram-sha-256")
    return sql.Literal(found.decode())


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
def _on(kept: psycopg.Connection | None, url: DatabaseURL) -> Iterator[psycopg.Connection]:
    """Yield the connection that the caller keeps, if it still works, else one for this occasion."""
    if kept is not None and _still_works(kept):
        yield kept
        return
    with connect_any(url) as connection:
        yield connection


def _still_works(kept: psycopg.Connection) -> bool:
    """Tell without asking: to an idle client a server says nothing until it ends the session."""
    return not kept.closed and not select.select([kept.fileno()], [], [], 0)[0]


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


# Every new database of a server gets the setup, and roles are there for all of them.
_SHARED_ROLES = (
    "a server's databases share its roles: write DO $$ BEGIN CREATE ROLE ...;"
    " EXCEPTION WHEN duplicate_object THEN NULL; END $$"
)


def set_up(url: DatabaseURL, statements: Sequence[str]) -> str:
    """Run the setup SQL in a new database, once; return `ran`, `kept`, or `changed` since it ran.

    A database counts as new while it has no mark of ours and no table. The mark is set in the
    transaction of the SQL, so a killed run leaves a database that the next run still sees as new.

    Raises:
        MigrationError: a statement failed; nothing of the setup stays.
    """
    if not statements:
        return "kept"
    script, mark = _script(statements), setup_mark(statements)
    with connect(url) as connection:
        found = comments(url, url.database).get(url.database, "")
        if found.startswith(SETUP_MARK) or not is_new(connection):
            return "changed" if found.startswith(SETUP_MARK) and found != mark else "kept"
        try:
            with connection.transaction():
                connection.execute(script.encode())
                connection.execute(
                    sql.SQL("COMMENT ON DATABASE {} IS {}").format(
                        sql.Identifier(url.database), sql.Literal(mark)
                    )
                )
        except psycopg.Error as error:
            raise MigrationError(
                f"setup_sql failed in database {url.database}: {error.diag.message_primary or error}",
                remedy=_SHARED_ROLES
                if isinstance(error, psycopg.errors.DuplicateObject) and "role" in str(error)
                else "mend the SQL that setup_sql names, then run db.init again",
                code="setup-sql",
            ) from error
    return "ran"


def setup_mark(statements: Sequence[str]) -> str:
    """Return the comment that a database has once this setup SQL has run in it."""
    return SETUP_MARK + hashlib.sha256(_script(statements).encode()).hexdigest()[:12]


def _script(statements: Sequence[str]) -> str:
    return "\n".join(f"{statement.rstrip().rstrip(';')};" for statement in statements)


def drop(url: DatabaseURL, *, on: psycopg.Connection | None = None) -> None:
    """Drop the database of `url` if it exists, ending its connections."""
    with _on(on, url) as connection:
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
    with _on(on, template.with_database("")) as connection:
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
    with _on(on, url) as connection:
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


def size(url: DatabaseURL) -> int:
    """Return the bytes that the database of `url` takes on disk."""
    with connect_any(url) as connection:
        row = connection.execute("SELECT pg_database_size(%s)", [url.database]).fetchone()
    assert row is not None
    return int(row[0])


def by_age(url: DatabaseURL, names: Iterable[str]) -> list[str]:
    """Return the databases that exist of those named, the oldest first."""
    with connect_any(url) as connection:
        rows = connection.execute(
            "SELECT datname FROM pg_database WHERE datname = ANY(%s) ORDER BY oid", [list(names)]
        )
        return [row[0] for row in rows]


def comment(url: DatabaseURL, text: str, *, on: psycopg.Connection | None = None) -> None:
    """Write the comment of the database of `url`."""
    with _on(on, url) as connection:
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


def lock_key(name: str) -> int:
    """Return the key of the advisory lock of this name."""
    return int.from_bytes(hashlib.sha256(name.encode()).digest()[:8], signed=True)


@contextlib.contextmanager
def advisory_lock(url: DatabaseURL, name: str, *, timeout: float) -> Iterator[None]:
    """Hold a session-level advisory lock of the server's maintenance database.

    On an autocommit connection of its own, and polled: a blocking waiter holds a snapshot, which
    makes CREATE INDEX CONCURRENTLY wait, and PostgreSQL may kill either as a deadlock.

    Raises:
        ServerError: somebody else held it for `timeout` seconds.
    """
    key = lock_key(name)
    limit = time.monotonic() + timeout
    with connect_any(url) as connection:
        while not connection.execute("SELECT pg_try_advisory_lock(%s)", [key]).fetchone()[0]:  # type: ignore[index]
            if time.monotonic() > limit:
                raise ServerError(
                    f"another process has been working on {name} for {timeout:.0f} s",
                    remedy="wait for it, or end it, then run this again",
                    code="busy",
                )
            time.sleep(_LOCK_POLL)
        yield


def is_new(connection: psycopg.Connection) -> bool:
    """Tell whether the database has no table yet."""
    row = connection.execute(
        """
        SELECT EXISTS (
                   SELECT 1 FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
                   WHERE c.relkind IN ('r', 'p') AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'
               )
        """
    ).fetchone()
    return row is not None and not row[0]


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
