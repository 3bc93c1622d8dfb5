"""How long the statements of revisions may wait and run, set on env.py's own connection.

For the session: SET LOCAL would be lost in an autocommit block, and PGOPTIONS does not reach asyncpg.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import sqlalchemy
from psycopg import sql

from dbtasks.environment import concurrently
from dbtasks.settings import EXTERNAL_DEFAULT

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sqlalchemy import Connection

    from dbtasks.settings import Settings
    from dbtasks.url import DatabaseURL

LOCK, STATEMENT = "lock_timeout", "statement_timeout"
_UNITS = {"us": 1e-6, "ms": 1e-3, "s": 1.0, "min": 60.0, "h": 3600.0, "d": 86400.0, "": 1e-3}
_KEPT = "dbtasks limits"
# What somebody has set for the role, the database or the session is not overridden by a default.
# A client that is killed leaves its statement running, unless the server looks: from 14 on, and as
# 14 can do it on Linux only, there.
_SET = """
    SELECT name, set_config(name, wanted.value, false)
    FROM (VALUES (CAST(:lock_name AS text), CAST(:lock AS text), CAST(:lock_said AS integer)),
                 (:statement_name, :statement, CAST(:statement_said AS integer)),
                 ('client_connection_check_interval', CAST(:check AS text), 0)) AS wanted (name, value, said)
    JOIN pg_settings USING (name)
    WHERE wanted.value IS NOT NULL AND (wanted.said = 1 OR source = 'default')
      AND (name <> 'client_connection_check_interval' OR version() ~ 'linux')
"""


def seconds(duration: str) -> float:
    """Return a duration as PostgreSQL writes it in seconds."""
    match = re.fullmatch(r"([\d.]+)\s*(\w*)", duration.strip())
    assert match is not None, duration
    return float(match[1]) * _UNITS[match[2]]


class Limits:
    """The limits of one run of env.py on the database at `url`.

    A default of `settings` is for the server that it was made for, not for throwaway databases.
    """

    def __init__(self, settings: Settings, url: DatabaseURL) -> None:
        self._settings = settings
        meant = settings.url
        self._real = meant is not None and (meant.place, meant.database) == (
            url.place,
            url.database,
        )
        self._normal: dict[str, str] = {}
        self._raised: dict[str, str] = {}

    @property
    def lasts(self) -> bool:
        """Whether a session is ours alone; with a `lock_url` there is a pooler, which shares it."""
        return self._settings.lock_url is None

    @property
    def lock_timeout(self) -> float:
        """The seconds that a statement may wait for a lock, as far as we set it; 0 is for ever."""
        return seconds(self._normal.get(LOCK, "0"))

    def set(self, connection: Connection) -> None:
        """Set the limits for the session, and see that statements CONCURRENTLY get longer ones."""
        given: dict[str, Any] = {"lock_name": LOCK, "statement_name": STATEMENT}
        given["check"] = "2s" if self.lasts else None
        for key, name in (("lock", LOCK), ("statement", STATEMENT)):
            given[key], given[f"{key}_said"] = self._wanted(name)
        rows = connection.execute(sqlalchemy.text(_SET), given)
        self._normal = connection.info.setdefault(_KEPT, {})  # env.py may be at its second try
        self._normal.update({name: value for name, value in rows if name in {LOCK, STATEMENT}})
        longer = self._longer()
        if longer:
            sqlalchemy.event.listen(
                connection, "before_cursor_execute", lambda *a: self._before(longer, a[0], a[2])
            )
            sqlalchemy.event.listen(
                connection, "after_cursor_execute", lambda *a: self._restore(a[0])
            )

    def _wanted(self, name: str) -> tuple[str | None, int]:
        """Return the value of a setting here, and whether somebody said so."""
        if self._settings.sources[name] != EXTERNAL_DEFAULT:
            return getattr(self._settings, name), 1
        return (getattr(self._settings, name) if self._real else None), 0

    def _longer(self) -> Mapping[str, str]:
        """Return the limits CONCURRENTLY: those said, and defaults in place of what we set."""
        return {
            name: getattr(self._settings, f"concurrently_{name}")
            for name in (LOCK, STATEMENT)
            if name in self._normal or self._settings.sources[f"concurrently_{name}"] != "default"
        }

    def _before(self, longer: Mapping[str, str], connection: Connection, statement: str) -> None:
        """Give a statement CONCURRENTLY its time: it waits for old transactions and blocks no client.

        It cannot run in a transaction; where one is open, it is going to fail by itself.
        """
        self._restore(connection)  # nothing tells us of a statement that failed
        if concurrently.read(statement) is None or not in_autocommit(connection):
            return
        for name, value in longer.items():
            now = asked(connection, sql.SQL("SHOW {}").format(sql.Identifier(name)))
            if now and now == self._normal.get(name, now):  # else the revision itself has set it
                self._raised[name] = now
                _put(connection, name, value)

    def _restore(self, connection: Connection) -> None:
        while self._raised:
            _put(connection, *self._raised.popitem())


def in_autocommit(connection: Connection) -> bool:
    """Tell whether a connection commits every statement by itself, as in an autocommit block."""
    return bool(getattr(connection.connection.dbapi_connection, "autocommit", False))


def _put(connection: Connection, name: str, value: str) -> None:
    asked(
        connection,
        sql.SQL("SELECT set_config({}, {}, false)").format(sql.Literal(name), sql.Literal(value)),
    )


def asked(connection: Connection, query: sql.Composed) -> str | None:
    """Return the one value of a query, None without a row; on the driver's own cursor.

    Events and recordings are of what revisions do, and not of this.
    """
    cursor = connection.connection.cursor()
    try:
        cursor.execute(query.as_string(None))
        row = cursor.fetchone()
    finally:
        cursor.close()
    return None if row is None else str(row[0])
