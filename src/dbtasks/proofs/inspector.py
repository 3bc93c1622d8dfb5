"""A throwaway database looked at from outside while its revisions run."""

from __future__ import annotations

import contextlib
import functools
from typing import TYPE_CHECKING

from psycopg import sql

from dbtasks import catalog, maintenance

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from typing import Any

    import psycopg
    import sqlalchemy

    from dbtasks.catalog import Fingerprint
    from dbtasks.url import DatabaseURL
    from dbtasks.version_table import VersionTable

    Rows = Sequence[Sequence[Any]]

_VERSION_TABLES = """
    SELECT quote_ident(nspname) || '.' || quote_ident(relname)
    FROM pg_class JOIN pg_namespace n ON n.oid = relnamespace
    WHERE relkind = 'r' AND relname = {} AND nspname = coalesce({}::name, nspname)
"""
# Asked with the catalog, as more rows of that statement: a step is looked at in one round trip.
_OPEN = -5
_AND_OPEN = """
    UNION ALL SELECT -5, pid, 0, 0, coalesce(nullif(application_name, ''), usename), query
    FROM pg_stat_activity
    WHERE datname = current_database() AND pid <> pg_backend_pid() AND state LIKE 'idle in transaction%'
"""
# What it reads has to wait for nobody: a lock that a revision left must not hang the proof. The planner
# takes a large catalog for worth compiling, and it is not.
_SESSION = "SET lock_timeout = '5s'; SET jit = off"


class Inspector:
    """A connection of our own to the database, beside the one that Alembic works on."""

    def __init__(self, connection: psycopg.Connection, *, settled: bool = False) -> None:
        self.connection = connection
        self._found: dict[VersionTable, tuple[str, ...]] = {}
        self._reader = catalog.Reader(settled=settled)
        self._reader_through = catalog.Reader()
        self._open: Sequence[Any] | None = None

    @classmethod
    @contextlib.contextmanager
    def at(cls, url: DatabaseURL, *, settled: bool = False) -> Iterator[Inspector]:
        """Yield an inspector of the database at `url`; `settled` is a session for nothing but fingerprints."""
        with maintenance.connect(url) as connection:
            connection.execute(_SESSION)
            if settled:
                connection.execute(catalog.SETTLE)
            yield cls(connection, settled=settled)

    def version_tables(
        self, table: VersionTable | None, through: sqlalchemy.Connection | None = None
    ) -> tuple[str, ...]:
        """Return the quoted names of what may be Alembic's version table, as seen `through` another connection if given."""
        if table is None:
            return ()
        if table not in self._found:
            names = (sql.Literal(one) for one in (table.table, table.schema))
            text = sql.SQL(_VERSION_TABLES).format(*names).as_string(self.connection)
            rows = self._rows(text) if through is None else _rows_through(through, text)
            if not rows:
                return ()
            self._found[table] = tuple(str(row[0]) for row in rows)
        return self._found[table]

    def fingerprint(
        self, table: VersionTable | None, through: sqlalchemy.Connection | None = None
    ) -> Fingerprint:
        """Return the database's catalog without the version table, as seen `through` another connection if given."""
        ignore = self.version_tables(table, through)
        if through is None:
            return self._reader.read(self._look, ignore=ignore)
        return self._reader_through.read(functools.partial(_rows_through, through), ignore=ignore)

    def end_open_transaction(self) -> tuple[int, str, str] | None:
        """End a transaction that was open beside the last fingerprint; return its process, its name, its statement."""
        if self._open is None:
            return None
        _, process, _, _, name, query = self._open
        self.connection.execute("SELECT pg_terminate_backend(%s)", [process])
        return process, name, " ".join(query.split())[:200]

    def _look(self, text: str) -> Rows:
        rows = self._rows(_and_open(text))
        self._open = rows[-1] if rows[-1][0] == _OPEN else None
        return rows

    def _rows(self, text: str) -> Rows:
        # prepared at once: to plan it takes longer than to run it
        return self.connection.execute(_encoded(text), prepare=True).fetchall()


@functools.lru_cache(maxsize=32)
def _and_open(text: str) -> str:
    return text + _AND_OPEN


@functools.lru_cache(maxsize=32)
def _encoded(text: str) -> bytes:
    """Return the same bytes each time, which are hashed once then."""
    return text.encode()


def _rows_through(connection: sqlalchemy.Connection, text: str) -> Rows:
    return connection.exec_driver_sql(text).all()
