"""The password of a role, which no server's log gets to know."""

from __future__ import annotations

from typing import TYPE_CHECKING

from psycopg import sql

from dbtasks.maintenance.connections import connect

if TYPE_CHECKING:
    import psycopg

    from dbtasks.url import DatabaseURL


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
