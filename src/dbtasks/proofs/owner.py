"""A plain owner: a role that owns its database and is no superuser."""

from __future__ import annotations

import contextlib
import secrets
from dataclasses import replace
from typing import TYPE_CHECKING

from psycopg import sql

from dbtasks import maintenance

if TYPE_CHECKING:
    from collections.abc import Iterator

    import psycopg

    from dbtasks.throwaway import Throwaways
    from dbtasks.url import DatabaseURL

# What setup_sql made is given to the owner, but for what belongs to an extension or came with PostgreSQL.
_MADE_BY_SETUP = """
    SELECT what, address.identity
    FROM (
        SELECT 'SCHEMA', 'pg_namespace'::regclass, oid FROM pg_namespace
        WHERE nspname !~ '^pg_' AND nspname NOT IN ('information_schema', 'public')
        UNION ALL
        SELECT CASE relkind WHEN 'v' THEN 'VIEW' WHEN 'm' THEN 'MATERIALIZED VIEW'
                            WHEN 'S' THEN 'SEQUENCE' ELSE 'TABLE' END,
               'pg_class'::regclass, c.oid
        FROM pg_class c WHERE relkind IN ('r', 'p', 'f', 'v', 'm')
           OR relkind = 'S' AND NOT EXISTS (SELECT FROM pg_depend WHERE classid = 'pg_class'::regclass
                                            AND objid = c.oid AND deptype IN ('a', 'i'))
        UNION ALL
        SELECT 'ROUTINE', 'pg_proc'::regclass, oid FROM pg_proc
        UNION ALL
        SELECT CASE typtype WHEN 'd' THEN 'DOMAIN' ELSE 'TYPE' END, 'pg_type'::regclass, t.oid
        FROM pg_type t WHERE typtype IN ('e', 'd', 'r')
           OR typtype = 'c' AND EXISTS (SELECT FROM pg_class WHERE oid = typrelid AND relkind = 'c')
    ) AS made(what, catalog, id), pg_identify_object(catalog, id, 0) AS address
    WHERE id >= 16384
      AND NOT EXISTS (SELECT FROM pg_depend WHERE classid = catalog AND objid = id AND deptype = 'e')
"""


@contextlib.contextmanager
def owned(throwaways: Throwaways) -> Iterator[DatabaseURL]:
    """Yield the address of a new database for a role that owns it, with what `setup_sql` made.

    `setup_sql` itself runs as the role that made the database, which may make extensions.
    """
    role, password = f"dbtasks_owner_{secrets.token_hex(6)}", secrets.token_urlsafe(16)
    with contextlib.ExitStack() as stack:
        url = stack.enter_context(throwaways.new())
        with maintenance.connect(url) as connection:
            connection.execute(
                sql.SQL("CREATE ROLE {} LOGIN PASSWORD {}").format(
                    sql.Identifier(role), maintenance.verifier(connection, role, password)
                )
            )
            stack.callback(_drop, url, role)
            _give(connection, url.database, role)
        yield replace(url, user=role, password=password)


def _give(connection: psycopg.Connection, database: str, role: str) -> None:
    owner = sql.Identifier(role)
    connection.execute(
        sql.SQL("ALTER DATABASE {} OWNER TO {}").format(sql.Identifier(database), owner)
    )
    for what, identity in connection.execute(_MADE_BY_SETUP).fetchall():
        # The identity comes quoted from PostgreSQL itself.
        statement = f"ALTER {what} {identity} OWNER TO ".encode()
        connection.execute(sql.SQL("{}{}").format(sql.SQL(statement.decode()), owner))


def _drop(url: DatabaseURL, role: str) -> None:
    """Drop the database, which the role owns, then the role."""
    maintenance.drop(url)
    with maintenance.connect_any(url.with_database("")) as connection:
        connection.execute(sql.SQL("DROP ROLE IF EXISTS {}").format(sql.Identifier(role)))
