"""A database against what its project wants: is it there, set up, and at revisions that files have."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from psycopg import sql

from dbtasks import maintenance, version_table
from dbtasks.catalog import invalid_indexes
from dbtasks.doctor.finding import Finding, Untold
from dbtasks.doctor.mends import Act
from dbtasks.errors import DbtasksError, ServerError
from dbtasks.git import whereabouts
from dbtasks.migration_lock import holder_of
from dbtasks.version_table import VersionTable

if TYPE_CHECKING:
    from collections.abc import Iterator

    import psycopg

    from dbtasks.catalog.invalid_indexes import InvalidIndex
    from dbtasks.database import Database
    from dbtasks.doctor.files import Files
    from dbtasks.doctor.patient import Patient
    from dbtasks.migration_lock import Holder
    from dbtasks.revisions import History
    from dbtasks.settings import Settings
    from dbtasks.url import DatabaseURL

_TABLES = """
    SELECT format('%%I.%%I', n.nspname, c.relname)
    FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE c.relkind IN ('r', 'p') AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'
      AND c.relname <> %s
      AND NOT EXISTS (
          SELECT 1 FROM pg_depend d
          WHERE d.classid = 'pg_class'::regclass AND d.objid = c.oid AND d.deptype = 'e'
      )
    ORDER BY 1
"""


@dataclass(frozen=True, kw_only=True)
class Facts:
    """What a database says of itself; `comment` is its comment, `mark` the one that setup_sql leaves."""

    database: str
    owned: bool
    label: str
    applied: tuple[str, ...]
    tables: tuple[str, ...]
    comment: str
    mark: str | None
    indexes: tuple[InvalidIndex, ...]
    holder: Holder | None


def findings(database: Database, server: Patient, files: Files) -> Iterator[Finding | Untold]:
    """Yield what is wrong with the database of a running server."""
    url = server.url
    if url is None:
        return
    settings = database.settings
    try:
        table = _version_table(database, url, files)
    except DbtasksError as error:
        if error.code != "database-missing":
            yield Untold.of("which table is the version table", error)
        table = VersionTable()
    try:
        facts = _read(database, url, table)
    except ServerError as error:
        if error.code != "database-missing":
            raise database.server.explain(error) from error
        yield Finding(
            code="database-missing",
            message=f'the server runs, and it has no database "{url.database}"',
            remedy=f"invoke {settings.label}.init creates it",
        )
        return
    yield from judge(facts)
    for index in facts.indexes:
        yield _index(index, url, server)
    if files.history is not None:
        yield from _rows(facts, files.history, settings)


def judge(facts: Facts) -> Iterator[Finding]:
    """Yield the half states of a database, and who is at work on it."""
    if facts.holder is not None:
        yield Finding(
            code="migration-lock",
            message=f"the migration lock of {facts.database} is held by {facts.holder}",
            remedy="wait for it; if it hangs, end that client, or its session: invoke"
            f' {facts.label}.psql --command "SELECT pg_terminate_backend({facts.holder.pid})"',
            note=True,
        )
    was_set_up = facts.comment.startswith(maintenance.SETUP_MARK)
    if facts.mark is not None and not was_set_up:
        yield _not_set_up(facts)
    elif facts.mark is not None and facts.comment != facts.mark:
        yield Finding(
            code="setup-changed",
            message=f"setup_sql has changed since it ran in {facts.database}",
            remedy=_anew(facts, "runs it anew (the data is lost)"),
            note=True,
        )
    if facts.tables and not facts.applied:
        yield Finding(
            code="no-revision",
            message=f"{facts.database} is at no revision, and it has {_some(facts.tables)}",
            remedy=f"invoke {facts.label}.stamp REVISION, if they are what the migrations make up to it;"
            f" {_anew(facts, 'begins anew (the data is lost)')}",
            note=was_set_up,  # they may be of setup_sql
        )


def _not_set_up(facts: Facts) -> Finding:
    if facts.tables or facts.applied:
        return Finding(
            code="setup-not-run",
            message=f"setup_sql has not run in {facts.database}, which had tables before",
            remedy=_anew(facts, "runs it (the data is lost)"),
            note=True,
        )
    return Finding(
        code="setup-not-run",
        message=f"{facts.database} was created, and setup_sql has not run in it",
        remedy=f"invoke {facts.label}.init runs it",
    )


def _anew(facts: Facts, does: str) -> str:
    return f"invoke {facts.label}.recreate {does}" if facts.owned else "make the database anew"


def _some(tables: tuple[str, ...]) -> str:
    if len(tables) == 1:
        return f"table {tables[0]}"
    more = f" and {len(tables) - 3} more" if len(tables) > 3 else ""
    return f"tables {', '.join(tables[:3])}{more}"


def _rows(facts: Facts, history: History, settings: Settings) -> Iterator[Finding]:
    """Yield what the version table has that the files do not explain."""
    known = [name for name in facts.applied if name in history.revisions]
    for name in facts.applied:
        if name not in history.revisions:
            yield _unknown(facts, history, settings, name)
    for name in known:
        included = sorted((history.ancestors(name) & set(known)) - {name})
        if included:
            left = [one for one in facts.applied if one not in included]
            yield Finding(
                code="overlapping-rows",
                message=f"the version table has {name} and {', '.join(included)}, which it includes",
                remedy=f"invoke {facts.label}.stamp {name}, if it was applied"
                if len(left) == 1
                else f"invoke {facts.label}.psql, and delete the rows {', '.join(included)}",
            )


def _unknown(facts: Facts, history: History, settings: Settings, name: str) -> Finding:
    message = f"{facts.database} is at revision {name}, which no revision file has"
    lost = (
        f"invoke {facts.label}.stamp REVISION, if the schema is that of a revision you have;"
        f" {_anew(facts, 'begins anew (the data is lost)')}"
    )
    try:
        found = whereabouts.find(settings, history, name)
    except DbtasksError as error:
        return Finding(
            code="unknown-revision",
            message=message,
            remedy=f"switch to the branch that has it and invoke {facts.label}.rollback there; or {lost}",
            details=(f"git was not asked: {error.message}",),
        )
    if found is None:
        return Finding(
            code="unknown-revision",
            message=message,
            remedy=f"git fetch --all, then run this again; or {lost}",
            details=("no branch and no commit of this clone has it",),
        )
    return Finding(
        code="unknown-revision",
        message=message,
        remedy=found.remedy(facts.label),
        details=(str(found.place),),
    )


def _index(index: InvalidIndex, url: DatabaseURL, server: Patient) -> Finding:
    left = "REINDEX CONCURRENTLY" if index.of_reindex else "CREATE INDEX CONCURRENTLY"
    return Finding(
        code="invalid-index",
        message=f"index {index.name} of table {index.table} is invalid: a failed {left} left it",
        remedy=f"invoke {server.label}.psql --command '{index.command}'",
        mend=Act(did=f"dropped index {index.name}", act=lambda: _drop(index, url))
        if server.owned
        else None,
    )


def _drop(index: InvalidIndex, url: DatabaseURL) -> bool:
    """Drop an index if it is still invalid and nobody is building it."""
    with maintenance.connect(url) as connection:
        if all(one.oid != index.oid for one in invalid_indexes.read(connection)):
            return False
        connection.execute("SET lock_timeout = '5s'")
        connection.execute(index.drop)
    return True


def _version_table(database: Database, url: DatabaseURL, files: Files) -> VersionTable:
    """Return which table is the version table; env.py runs only if that is not known."""
    known = version_table.recall(database.settings)
    if known is not None:
        return known
    return database.records.version_table(url) if files.is_sound else VersionTable()


def _read(database: Database, url: DatabaseURL, table: VersionTable) -> Facts:
    statements = database.setup_statements()
    with maintenance.connect(url) as connection:
        return Facts(
            database=url.database,
            owned=database.server.owned,
            label=database.settings.label,
            applied=_applied(connection, table),
            tables=tuple(row[0] for row in connection.execute(_TABLES, [table.table])),
            comment=_comment(connection),
            mark=maintenance.setup_mark(statements) if statements else None,
            indexes=invalid_indexes.read(connection),
            holder=holder_of(connection, table),
        )


def _applied(connection: psycopg.Connection, table: VersionTable) -> tuple[str, ...]:
    name = sql.Identifier(*(part for part in (table.schema, table.table) if part))
    there = connection.execute("SELECT to_regclass(%s)", [name.as_string(connection)]).fetchone()
    if there is None or there[0] is None:
        return ()
    rows = connection.execute(sql.SQL("SELECT version_num FROM {}").format(name))
    return tuple(sorted(row[0] for row in rows))


def _comment(connection: psycopg.Connection) -> str:
    row = connection.execute(
        "SELECT coalesce(shobj_description(oid, 'pg_database'), '')"
        " FROM pg_database WHERE datname = current_database()"
    ).fetchone()
    return row[0] if row else ""
