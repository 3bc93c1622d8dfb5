"""The setup SQL of a new database, run once and marked."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

import psycopg
from psycopg import sql

from dbtasks.errors import MigrationError
from dbtasks.maintenance.connections import connect
from dbtasks.maintenance.databases import comments

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dbtasks.url import DatabaseURL

SETUP_MARK = "dbtasks: set up "
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
        if found.startswith(SETUP_MARK) or not _is_new(connection):
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


def _is_new(connection: psycopg.Connection) -> bool:
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
