"""Who holds the locks that a session of the server waits for."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import psycopg

_QUERY_LENGTH = 60
_SECRET = re.compile("password", re.IGNORECASE)
# pg_blocking_pids takes a lock on the lock table, so it is asked only while the session waits; of
# another role's session a role without pg_monitor does not see that. 0 is a prepared transaction.
_SQL = """
    SELECT blocked_by.pid, coalesce(nullif(b.application_name, ''), nullif(b.backend_type, 'client backend'), ''),
           coalesce(b.usename, ''), coalesce(host(b.client_addr), ''), coalesce(b.state, ''),
           coalesce(b.wait_event_type = 'Lock', false),
           coalesce(to_char(b.xact_start AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS'), ''),
           coalesce(nullif(b.query, '<insufficient privilege>'), '')
    FROM pg_stat_activity w
    CROSS JOIN LATERAL (SELECT DISTINCT unnest(pg_blocking_pids(w.pid))) AS blocked_by (pid)
    LEFT JOIN pg_stat_activity b ON b.pid = blocked_by.pid
    WHERE w.pid = %s AND (w.wait_event_type = 'Lock' OR w.state IS NULL)
    ORDER BY b.xact_start NULLS LAST, 1
"""


@dataclass(frozen=True, kw_only=True)
class Blocker:
    """A session that holds a lock, or waits for one before us; `pid` 0 is a prepared transaction.

    `since` is when its transaction began. A role without pg_monitor is told little of other roles'
    sessions; what it is not told is empty.
    """

    pid: int
    application: str = ""
    user: str = ""
    client: str = ""
    state: str = ""
    since: str = ""
    query: str = ""

    def lines(self) -> list[str]:
        """Return who that is, and what it does, as lines to read."""
        if not self.pid:
            return ["blocked by a prepared transaction (pg_prepared_xacts lists them)"]
        who = [f"blocked by server process {self.pid}"]
        who += [f"({self.application})"] if self.application else []
        who += [f"of role {self.user}"] if self.user else []
        who += [f"from {self.client}"] if self.client else []
        does = [self.state] if self.state else []
        does += [f"since {self.since} UTC"] if self.since else []
        lines = [" ".join(who)]
        if does:
            lines.append(f"  {' '.join(does)}")
        if self.query:
            lines.append(f"  {self.query}")
        return lines


def read(connection: psycopg.Connection, pid: int) -> tuple[Blocker, ...]:
    """Return who blocks the session of server process `pid` now, the oldest transaction first."""
    return tuple(
        Blocker(
            pid=blocker,
            application=_printable(application),
            user=_printable(user),
            client=client,
            state=f"{state}, waits itself" if waits else state,
            since=since,
            query=_shortened(query),
        )
        for blocker, application, user, client, state, waits, since, query in connection.execute(
            _SQL, [pid]
        ).fetchall()
    )


def _shortened(query: str) -> str:
    """Return a statement on one short line; one that has to do with passwords is not shown."""
    if _SECRET.search(query):
        return "(a statement with a password)"
    text = " ".join(_printable(query).split())
    return text if len(text) <= _QUERY_LENGTH else f"{text[: _QUERY_LENGTH - 3]}..."


def _printable(text: str) -> str:
    return "".join(one if one.isprintable() else " " for one in text)
