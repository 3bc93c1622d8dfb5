"""`config.attributes` as an env.py sees it: with a connection to the database that is meant."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Any

import sqlalchemy

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from dbtasks.url import DatabaseURL

ASYNC_ONLY = frozenset({"asyncpg", "psycopg_async"})


class Attributes(dict[str, Any]):
    """`config.attributes` whose `connection` is opened when an env.py asks for it."""

    def __init__(self, kept: dict[str, Any], url: DatabaseURL) -> None:
        super().__init__(kept)
        self._url = url
        self._connection: Connection | None = None

    def __getitem__(self, key: str) -> Any:
        return self.get(key) if key == "connection" else super().__getitem__(key)

    def __contains__(self, key: object) -> bool:
        return key == "connection" or super().__contains__(key)

    def get(self, key: str, default: Any = None) -> Any:
        """Return an attribute; `connection` is one to the database we mean."""
        if key != "connection":
            return super().get(key, default)
        if self._connection is None:
            driver = "psycopg" if self._url.driver in ASYNC_ONLY else self._url.driver
            engine = sqlalchemy.create_engine(
                self._url.with_driver(driver).sqlalchemy(), poolclass=sqlalchemy.NullPool
            )
            self._connection = _connectable(engine.connect())
        return self._connection

    def close(self) -> None:
        """Close the connection, if one was asked for."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None


def _connectable(connection: Connection) -> Connection:
    """Let `connect()` be called on a connection: some env.py files expect an engine here.

    Alembic's cookbook puts a connection there, pytest-alembic an engine.
    """
    connection.connect = lambda: contextlib.nullcontext(connection)  # type: ignore[attr-defined]
    return connection
