"""A running server's data as its superuser sees them: whose they are, and whether they are on the disk."""

from __future__ import annotations

from typing import TYPE_CHECKING

import psycopg

from dbtasks import maintenance
from dbtasks.errors import ServerError

if TYPE_CHECKING:
    from dbtasks.url import DatabaseURL

_IDENTIFIER = "SELECT system_identifier::text FROM pg_control_system()"
# The server's own account does it, in the data folder; what it gets to read is nothing.
_SYNC = "COPY (SELECT WHERE false) TO PROGRAM 'cat > /dev/null; sync -f . 2> /dev/null || sync'"
_SCRIPTS = "SELECT count(*) FROM pg_ls_dir('/docker-entrypoint-initdb.d', true, false)"


def identifier(url: DatabaseURL) -> str:
    """Return what initdb wrote to tell the cluster from every other.

    Raises:
        ServerError: code `cluster-data`; the role may not read it.
    """
    return _value(url, _IDENTIFIER)


def synced_identifier(url: DatabaseURL) -> str:
    """Return the identifier once all that was written to the data folder is on the disk.

    Raises:
        ServerError: code `cluster-data`; it is not.
    """
    return _value(url, _SYNC, _IDENTIFIER)


def has_scripts(url: DatabaseURL) -> bool:
    """Tell whether the server's image has scripts for a first start, which know the database's name.

    Raises:
        ServerError: code `cluster-data`; the role may not read it.
    """
    return _value(url, _SCRIPTS) != "0"


def _value(url: DatabaseURL, *queries: str) -> str:
    """Run queries and return what the last one tells."""
    with maintenance.connect(url) as connection:
        try:
            for query in queries:
                cursor = connection.execute(query.encode())
            row = cursor.fetchone()
        except psycopg.Error as error:
            raise ServerError(
                f"the server does not tell of its data: {error.diag.message_primary or error}",
                remedy="let the role of the settings be a superuser",
                code="cluster-data",
            ) from error
    return str(row[0]) if row else ""
