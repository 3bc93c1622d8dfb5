"""A throwaway database looked at from outside while its revisions run."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

from psycopg import sql

from dbtasks import catalog, maintenance

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    import psycopg
    import sqlalchemy

    from dbtasks.catalog import Fingerprint
    from dbtasks.url import DatabaseURL
    from dbtasks.version_table import VersionTable

_VERSION_TABLES = """
    SELECT quote_ident(nspname) || '.' || quote_ident(relname)
    FROM pg_class JOIN pg_namespace n ON n.oid = relnamespace
    WHERE relkind = 'r' AND relname = {} AND nspname = coalesce({}::name, nspname)
"""
_OPEN = """
    SELECT pid, coalesce(nullif(application_name, ''), usename), query
    FROM pg_stat_activity
    WHERE datname = current_database() AND pid <> pg_backend_pid() AND state LIKE 'idle in transaction%'
"""
# What it reads has to wait for nobody: a lock that a revision left must not hang the proof.
_LOCK_TIMEOUT = "SET lock_timeout = '5s'"


class Inspector:
    """A connection of our own to the database, beside the one that Alembic works on."""

    def __init__(self, connection: psycopg.Connection) -> None:
        self.connection = connection
        self._found: dict[VersionTable, tuple[str, ...]] = {}

    @classmethod
    @contextlib.contextmanager
    def at(cls, url: DatabaseURL) -> Iterator[Inspector]:
        """Yield an inspector of the database at `url`."""
        with maintenance.connect(url) as connection:
            connection.execute(_LOCK_TIMEOUT)
            yield cls(connection)

    def version_tables(
        self, table: VersionTable | None, through: sqlalchemy.Connection | None = None
    ) -> tuple[str, ...]:
        """Return the quoted names of what may be Alembic's version table, as seen `through` another connection if given."""
        if table is None:
            return ()
        if table not in self._found:
            names = (sql.Literal(one) for one in (table.table, table.schema))
            text = sql.SQL(_VERSION_TABLES).format(*names).as_string(self.connection)
            rows = self._reader(through)(text)
            if not rows:
                return ()
            self._found[table] = tuple(str(row[0]) for row in rows)
        return self._found[table]

    def fingerprint(
        self, table: VersionTable | None, through: sqlalchemy.Connection | None = None
    ) -> Fingerprint:
        """Return the database's catalog without the version table, as seen `through` another connection if given."""
        return catalog.read(self._reader(through), ignore=self.version_tables(table, through))

    def end_open_transaction(self) -> tuple[int, str, str] | None:
        """End a transaction that another connection left open; return its process, its name, its statement."""
        row = self.connection.execute(_OPEN).fetchone()
        if row is None:
            return None
        self.connection.execute("SELECT pg_terminate_backend(%s)", [row[0]])
        return row[0], row[1], " ".join(row[2].split())[:200]

    def _reader(
        self, through: sqlalchemy.Connection | None
    ) -> Callable[[str], Sequence[Sequence[object]]]:
        return self._rows if through is None else lambda text: through.exec_driver_sql(text).all()

    def _rows(self, text: str) -> Sequence[Sequence[object]]:
        return self.connection.execute(text.encode()).fetchall()
