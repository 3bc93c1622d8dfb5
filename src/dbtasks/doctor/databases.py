"""Temporary databases of ours on a server: which of them nobody needs any more."""

from __future__ import annotations

import re
import socket
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from psycopg import sql

from dbtasks import maintenance, policy, servers
from dbtasks.doctor.finding import Finding
from dbtasks.doctor.mends import Act
from dbtasks.doctor.state_folder import is_alive
from dbtasks.kept_copy import COMPLETE as COPY_COMPLETE
from dbtasks.kept_copy import COPY
from dbtasks.templates import COMPLETE, TEMPLATE, THROWAWAY

if TYPE_CHECKING:
    from collections.abc import Iterator

    import psycopg

    from dbtasks.database import Database
    from dbtasks.doctor.patient import Patient
    from dbtasks.url import DatabaseURL

_OWNED = re.compile(r"dbtasks throwaway of (?P<pid>\d+) on (?P<host>.+)")
_NAMED = re.compile(rf"{THROWAWAY}(?P<pid>\d+)_[0-9a-f]+")
_KEPT = re.compile(r"kept_\w+_[0-9a-f]{6}")
_SQL = """
    SELECT d.datname, coalesce(shobj_description(d.oid, 'pg_database'), ''),
           (SELECT count(*) FROM pg_stat_activity a WHERE a.datid = d.oid)
    FROM pg_database d
    WHERE starts_with(d.datname, %s) OR starts_with(d.datname, %s) OR starts_with(d.datname, %s)
        OR starts_with(d.datname, 'kept_')
    ORDER BY d.datname
"""
# An advisory lock belongs to the database in which it was taken, whichever that was.
_LOCKED = """
    SELECT 1 FROM pg_locks WHERE locktype = 'advisory' AND granted AND objsubid = 1
    AND classid = %s::bigint::oid AND objid = %s::bigint::oid
"""


@dataclass(frozen=True, kw_only=True)
class Temporary:
    """A database of ours: its comment, how many sessions it has, and whether it is just being built."""

    name: str
    comment: str
    sessions: int
    is_built: bool


def findings(database: Database, server: Patient) -> Iterator[Finding]:
    """Yield the databases that killed runs have left where throwaway databases are made."""
    url, sure = _place(database, server)
    if url is None:
        return
    drop = _how_to_drop(database, server, url)
    for one in _read(url):
        found = judge(one, url, drop, sure=sure)
        if found is not None:
            yield found


def judge(one: Temporary, url: DatabaseURL, drop: str, *, sure: bool) -> Finding | None:
    """Say what a database of ours is, None if it is in use.

    `drop` is the command up to the statement; with `sure`, everybody who makes databases there is on
    this machine.
    """
    remedy = f"{drop} 'DROP DATABASE {_quoted(one.name)}'"
    if _KEPT.fullmatch(one.name) and not one.comment:
        return Finding(
            code="kept-database",
            message=f"database {one.name} at {url.place} was kept for a failed test (--keep-db)",
            remedy=remedy,
            note=True,
        )
    if one.name.startswith(TEMPLATE):
        what, left = "the half-built template", _is_unfinished(one, COMPLETE)
    elif one.name.startswith(COPY):
        what, left = "the half-made copy to compare with", _is_unfinished(one, COPY_COMPLETE)
    else:
        what, left = "the throwaway database", _is_left(one, sure=sure)
    if not left:
        return None
    return Finding(
        code="left-over-database",
        message=f"a run that is gone left {what} {one.name} at {url.place}",
        remedy=remedy,
        note=not sure,  # it may be of another project
        mend=Act(did=f"dropped database {one.name}", act=lambda: _drop(one.name, url, sure=sure)),
    )


def _is_unfinished(one: Temporary, complete: str) -> bool:
    return not one.comment.startswith(complete) and not one.is_built


def _is_left(one: Temporary, *, sure: bool) -> bool:
    owned, named = _OWNED.fullmatch(one.comment), _NAMED.fullmatch(one.name)
    if owned is not None:
        return owned["host"] == socket.gethostname() and not is_alive(int(owned["pid"]))
    # Killed between making the database and saying whose it is.
    return sure and named is not None and not one.sessions and not is_alive(int(named["pid"]))


def _place(database: Database, server: Patient) -> tuple[DatabaseURL | None, bool]:
    """Return where the throwaway databases are made, and whether that is on a server of dbtasks' own."""
    settings = database.settings
    if settings.throwaway_url is not None:
        policy.check_throwaway(settings)
        return settings.throwaway_url.with_database("postgres"), False
    if server.owned:
        return server.url, True
    own = servers.open_server(replace(settings, url=None, server="auto")).status()
    return (own.url if own.state == "running" else None), True


def _how_to_drop(database: Database, server: Patient, url: DatabaseURL) -> str:
    if server.owned and server.url is not None and url.place == server.url.place:
        return f"invoke {database.settings.label}.psql --command"
    return f"psql --host {url.host} --port {url.port} --username {url.user} --command"


def _read(url: DatabaseURL) -> list[Temporary]:
    with maintenance.connect_any(url) as connection:
        rows = connection.execute(_SQL, [TEMPLATE, THROWAWAY, COPY]).fetchall()
        return [
            Temporary(
                name=name,
                comment=comment,
                sessions=sessions,
                is_built=_is_locked(connection, name),
            )
            for name, comment, sessions in rows
        ]


def _is_locked(connection: psycopg.Connection, name: str) -> bool:
    key = maintenance.lock_key(name)
    row = connection.execute(_LOCKED, [key >> 32 & 0xFFFFFFFF, key & 0xFFFFFFFF]).fetchone()
    return row is not None


def _drop(name: str, url: DatabaseURL, *, sure: bool) -> bool:
    """Drop a database if it is still left over."""
    for one in _read(url):
        if one.name == name and judge(one, url, "", sure=sure) is not None:
            maintenance.drop(url.with_database(name))
            return True
    return False


def _quoted(name: str) -> str:
    return name if re.fullmatch(r"[a-z_][a-z0-9_]*", name) else sql.Identifier(name).as_string(None)
