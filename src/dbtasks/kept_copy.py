"""The copy of a template that comparisons run on, kept from one to the next: nothing is cloned or dropped.

Nobody clones it, so connections to it are in nobody's way, and what a comparison makes is rolled back.
What its maker saw is in its comment, and looked at again by everybody who enters; a copy that is
changed, by hand or by an env.py that writes, is made anew.
"""

from __future__ import annotations

import contextlib
import hashlib
import secrets
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import psycopg
from psycopg import sql

from dbtasks import maintenance
from dbtasks.errors import DbtasksError
from dbtasks.filled_tables import rows_told

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dbtasks.url import DatabaseURL

COPY = "dbtasks_compared_"
COMPLETE = "dbtasks copy to compare with, complete"
_KEPT = 2
_BUILD_TIMEOUT = 600.0
# A session that was closed just now is gone within 2 ms.
_PATIENCE, _POLL = 0.1, 0.005
_LOOK = """
    SELECT pg_try_advisory_lock(%s), coalesce(shobj_description(d.oid, 'pg_database'), ''),
        (SELECT system_identifier::text FROM pg_control_system())
    FROM pg_database d WHERE d.datname = current_database()
"""
# Of other roles' sessions a plain role does not see what kind they are.
_OTHERS = """
    SELECT count(*) FROM pg_stat_activity
    WHERE datname = %s AND coalesce(backend_type, 'client backend') = 'client backend'
      AND pid <> pg_backend_pid()
"""
# Every change of the catalog leaves rows with another xmin, or fewer of them. What initdb made has
# numbers below 16384. Rows of a temporary schema come with the first temporary table, and stay.
_CATALOGS = {
    "pg_attrdef": "oid",
    "pg_attribute": "attrelid",
    "pg_cast": "oid",
    "pg_class": "oid",
    "pg_collation": "oid",
    "pg_constraint": "oid",
    "pg_description": "objoid",
    "pg_enum": "oid",
    "pg_extension": "oid",
    "pg_index": "indexrelid",
    "pg_inherits": "inhrelid",
    "pg_opclass": "oid",
    "pg_operator": "oid",
    "pg_partitioned_table": "partrelid",
    "pg_proc": "oid",
    "pg_rewrite": "oid",
    "pg_sequence": "seqrelid",
    "pg_trigger": "oid",
    "pg_type": "oid",
}
_ROWS = "(SELECT count(*) || ':' || coalesce(sum(xmin::text::bigint), 0) FROM {} WHERE {} >= 16384)"
_STATE = r"""
    SELECT current_setting('server_version'), md5(concat_ws(' ', {},
        (SELECT string_agg(nspname || ':' || xmin, ' ' ORDER BY oid) FROM pg_namespace
            WHERE nspname !~ '^pg_(toast_)?temp_'),
        (SELECT string_agg(setrole || ':' || setconfig::text, ' ' ORDER BY setrole)
            FROM pg_db_role_setting s JOIN pg_database d ON d.oid = s.setdatabase
            WHERE d.datname = current_database())))
"""


@dataclass(frozen=True, kw_only=True)
class KeptCopy:
    """A copy as its maker left it, for us alone; `system` is the identifier of its server's data.

    `note` is what its maker wrote about it.
    """

    url: DatabaseURL
    system: str
    note: str


@dataclass(frozen=True, kw_only=True)
class _Seen:
    copy: KeptCopy | None = None
    is_used: bool = False


class KeptCopies:
    """The copies of one project on one server, by the content that they were made from.

    `owner` tells projects on a shared server apart, `options` are for connections to one of our own.
    Another role has copies of its own: it may neither read nor drop these.
    """

    def __init__(self, server: DatabaseURL, owner: str, **options: Any) -> None:
        digest = hashlib.sha256(f"{owner}\0{server.user}".encode()).hexdigest()[:8]
        self._server, self._options = server, options
        self.prefix = f"{COPY}{digest}_"

    @contextlib.contextmanager
    def entered(self, key: str) -> Iterator[KeptCopy | None]:
        """Yield the copy, for us alone meanwhile; None if it is missing, changed, or used by another.

        The connection stays for what looks at the database meanwhile.
        """
        with maintenance.looks_kept():
            yield self._look(self._url(key)).copy

    def make(self, key: str, template: DatabaseURL, note: str) -> None:
        """Make the copy, unless it is there or used by somebody; `note` is of one word.

        Raises:
            ServerError: the template cannot be cloned.
        """
        url = self._url(key)
        with maintenance.advisory_lock(self._server, url.database, timeout=_BUILD_TIMEOUT):
            with maintenance.looks_kept():
                seen = self._look(url)
            if seen.copy is not None or seen.is_used:
                return
            maintenance.drop(url)
            maintenance.clone(template, url)
            with maintenance.connect(url) as connection:
                # What a comparison commits is nothing, and nothing need not be waited for.
                connection.execute(
                    sql.SQL("ALTER DATABASE {} SET synchronous_commit = off").format(
                        sql.Identifier(url.database)
                    )
                )
                text = f"{COMPLETE} {secrets.token_hex(4)} {note} {_state(connection)}"
            maintenance.comment(url, text)
            self._prune(url.database)

    def _url(self, key: str) -> DatabaseURL:
        return self._server.with_database(self.prefix + key)

    def _look(self, url: DatabaseURL) -> _Seen:
        """Take the copy for ourselves, and compare it with what its maker saw."""
        key = maintenance.lock_key(url.database)
        try:
            # A pooler that was refused a database lets nobody into it for a while. There is none
            # before a server of our own, which the options are for.
            if not self._options and not maintenance.exists(url):
                return _Seen()
            with maintenance.look(url, **self._options) as connection:
                row = connection.execute(_LOOK, [key]).fetchone()
                assert row is not None
                is_ours, comment, system = row
                if not is_ours or _has_others(connection, url.database):
                    return _Seen(is_used=True)
                made = comment.removeprefix(COMPLETE).split(" ", 3)
                if not comment.startswith(COMPLETE) or len(made) < 4:
                    return _Seen()
                # Only now: what the last one changed is certain to be seen under the lock.
                if made[3] != _state(connection):
                    return _Seen()
                return _Seen(copy=KeptCopy(url=url, system=system, note=made[2]))
        except (DbtasksError, psycopg.Error):  # it is missing, or somebody drops it: there is none
            return _Seen()

    def _prune(self, newest: str) -> None:
        """Drop all but a few copies of this project; branches switch back and forth."""
        found = maintenance.by_age(self._server, maintenance.comments(self._server, self.prefix))
        old = [name for name in found if name != newest]
        with maintenance.connect_any(self._server) as connection:
            for name in old[: -_KEPT or None]:
                if not _has_others(connection, name):
                    maintenance.drop(self._server.with_database(name), on=connection)


def distrust(copy: KeptCopy) -> None:
    """Let nobody take a copy for complete any more."""
    maintenance.comment(copy.url, "dbtasks copy to compare with, changed by somebody")


def _state(connection: psycopg.Connection) -> str:
    rows = (
        sql.SQL(_ROWS).format(sql.Identifier(catalog), sql.Identifier(number))
        for catalog, number in _CATALOGS.items()
    )
    row = connection.execute(sql.SQL(_STATE).format(sql.SQL(", ").join(rows))).fetchone()
    assert row is not None
    return " ".join((*row, rows_told(connection)))


def _has_others(connection: psycopg.Connection, database: str) -> bool:
    limit = time.monotonic() + _PATIENCE
    while True:
        row = connection.execute(_OTHERS, [database]).fetchone()
        if row == (0,):
            return False
        if time.monotonic() > limit:
            return True
        time.sleep(_POLL)
