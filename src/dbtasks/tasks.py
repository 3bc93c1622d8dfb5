"""The Invoke collection: parse, call, render. The only module that imports Invoke."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING, Any

from invoke.collection import Collection
from invoke.exceptions import Exit

from dbtasks import report, scaffold
from dbtasks.errors import CheckError, ServerError, UsageError
from dbtasks.invoke_task import DatabaseTask
from dbtasks.settings import option_names

if TYPE_CHECKING:
    from collections.abc import Callable

    from dbtasks.wiring import Session

_TASKS: list[DatabaseTask] = []


def _task(**options: Any) -> Callable[[Callable[..., Any]], DatabaseTask]:
    """Declare a task of every collection."""

    def declare(body: Callable[..., Any]) -> DatabaseTask:
        _TASKS.append(DatabaseTask(body, **options))
        return _TASKS[-1]

    return declare


def _number(text: str, flag: str) -> int:
    """Read a whole number; nothing given is 0."""
    if text and not text.isdecimal():
        raise UsageError(f"{flag} {text} is no whole number", remedy=f"write {flag} N")
    return int(text or 0)


_YES = "agree beforehand to what is removed"
_REVISION = "revision, branch@head or +N; the head when not given"


@_task(name="start")
def _start(session: Session) -> None:
    """Start the server and return when it truly answers."""
    session.database.server.start()
    session.show_status()


@_task(name="stop")
def _stop(session: Session) -> None:
    """Stop the server and keep its data."""
    session.database.server.stop()
    session.show_status()


@_task(name="status")
def _status(session: Session) -> None:
    """Show the server, its address, and what is applied and pending."""
    session.show_status()


@_task(name="wait", help={"timeout": "seconds to wait; start_timeout when not given"})
def _wait(session: Session, timeout: str = "") -> None:
    """Wait until the running server answers."""
    url = session.database.wait(_number(timeout, "--timeout") or session.settings.start_timeout)
    session.show(
        {"url": str(url)}, lambda: session.display.print(f"PostgreSQL answers at {url.place}")
    )


@_task(name="logs", help={"follow": "go on printing new lines", "tail": "only the last N lines"})
def _logs(session: Session, follow: bool = False, tail: str = "") -> None:
    """Print the server's log."""
    lines = session.database.server.logs(tail=_number(tail, "--tail") or None, follow=follow)
    for line in lines:
        print(line, flush=True)  # noqa: T201


@_task(name="psql", help={"command": "run this and exit"})
def _psql(session: Session, command: str = "") -> None:
    """Open psql on the database."""
    argv, variables = session.database.server.psql()
    session.close()
    done = subprocess.run(
        [*argv, *(["--command", command] if command else [])],
        env={**os.environ, **variables},
        check=False,
    )
    if done.returncode:
        raise Exit(code=ServerError.exit_code)


@_task(name="url", help={"sqlalchemy": "as SQLAlchemy wants it, with the driver"})
def _url(session: Session, sqlalchemy: bool = False) -> None:
    """Print the database's URL, password included."""
    url = session.database.server.address()
    text = url.sqlalchemy() if sqlalchemy else url.libpq()
    session.show({"url": text}, lambda: print(text))  # noqa: T201


@_task(name="config")
def _config(session: Session) -> None:
    """Show every setting and where it came from."""
    settings = session.settings
    session.show(
        report.settings_document(settings),
        lambda: session.display.table(report.SETTINGS_COLUMNS, report.settings_rows(settings)),
    )


@_task(name="init")
def _init(session: Session) -> None:
    """Start the server, create the database, and migrate it to head."""
    session.show_outcome(session.database.init())


@_task(
    name="recreate",
    aliases=("volume-recreate",),
    help={"yes": _YES, "all_volumes": "every volume of the compose project"},
)
def _recreate(session: Session, yes: bool = False, all_volumes: bool = False) -> None:
    """Destroy the database's server with its data, then init."""
    session.confirm_destruction(yes, all_volumes=all_volumes)
    session.show_outcome(session.database.recreate(all_volumes=all_volumes))


@_task(name="destroy", help={"yes": _YES, "all_volumes": "every volume of the compose project"})
def _destroy(session: Session, yes: bool = False, all_volumes: bool = False) -> None:
    """Remove the server and its data."""
    session.confirm_destruction(yes, all_volumes=all_volumes)
    session.database.destroy(all_volumes=all_volumes)
    session.show_status()


@_task(
    name="migrate",
    aliases=("upgrade",),
    positional=("revision",),
    help={
        "revision": _REVISION,
        "plan": "show what would be applied",
        "sql": "print the SQL instead of running it",
    },
)
def _migrate(session: Session, revision: str = "", plan: bool = False, sql: bool = False) -> None:
    """Apply the pending revisions."""
    target = revision or None
    if plan:
        session.show_plan(session.database.migrator().plan(target))
    elif sql:
        text = session.database.migrator().sql(target)
        session.show({"sql": text}, lambda: print(text, end=""))  # noqa: T201
    else:
        session.show_outcome(session.database.migrate(target))


@_task(
    name="rollback",
    aliases=("migrate-down",),
    help={
        "steps": "how many revisions to undo",
        "to": "the revision to go back to; base undoes all",
    },
)
def _rollback(session: Session, steps: str = "1", to: str = "") -> None:
    """Undo the last revision."""
    count = _number(steps, "--steps")
    migrator = session.database.migrator()
    session.show_outcome(migrator.downgrade(to) if to else migrator.rollback(count), "undid")


@_task(name="rollback-all", aliases=("migrate-down-all",), help={"yes": _YES})
def _rollback_all(session: Session, yes: bool = False) -> None:
    """Undo all revisions, down to base."""
    migrator = session.database.migrator()
    session.confirm(
        yes, f"This undoes every revision of database {session.database.server.address()}"
    )
    session.show_outcome(migrator.downgrade("base"), "undid")


@_task(name="redo")
def _redo(session: Session) -> None:
    """Undo the last revision and apply it again."""
    session.show_outcome(session.database.migrator().redo(), "ran")


@_task(
    name="stamp",
    positional=("revision",),
    help={"revision": "what to write: a revision, head, heads or base"},
)
def _stamp(session: Session, revision: str = "") -> None:
    """Write a revision into the version table without running anything."""
    if not revision:
        raise UsageError(
            "a stamp needs a revision", remedy="write invoke db.stamp head, or another revision"
        )
    standing = session.database.migrator().stamp(revision)
    where = ", ".join(standing.current) or "base"
    session.show(standing, lambda: session.display.print(f"the version table says {where}"))


@_task(
    name="revision",
    aliases=("migrate-create",),
    positional=("message",),
    help={
        "message": "what the revision does; MIGRATE_MSG in the environment also gives it",
        "empty": "write it without comparing",
    },
)
def _revision(session: Session, message: str = "", empty: bool = False) -> None:
    """Write a revision that brings the database to the models."""
    text = message or os.environ.get("MIGRATE_MSG", "")
    if not text.strip():
        raise UsageError(
            "a revision needs a message", remedy='write invoke db.revision "what it does"'
        )
    path = session.database.migrator().revision(text, empty=empty)
    session.show({"path": path}, lambda: session.display.print(path))
    if not empty:
        session.display.note(report.READ_IT)


@_task(name="history", aliases=("migrate-history",))
def _history(session: Session) -> None:
    """List the revisions, newest first, with heads and current marked."""
    session.show_revisions(session.database.history())


@_task(name="heads", aliases=("migrate-heads",))
def _heads(session: Session) -> None:
    """List the heads."""
    session.show_revisions(session.database.heads())


@_task(name="current", aliases=("migrate-current",))
def _current(session: Session) -> None:
    """List the revisions that the database is at."""
    session.show_revisions(session.database.current())


@_task(
    name="merge-heads",
    aliases=("migrate-merge-heads",),
    positional=("message",),
    help={"message": "what the merge says"},
)
def _merge_heads(session: Session, message: str = "Merge multiple heads") -> None:
    """Write one revision over all heads."""
    path = session.database.files().merge(message)
    session.show({"path": path}, lambda: session.display.print(path))


@_task(name="check", aliases=("check-migrations",))
def _check(session: Session) -> None:
    """Fail when the models and the migrations differ."""
    found = session.database.migrator().differences()
    session.show_differences(found)
    if found:
        raise Exit(code=CheckError.exit_code)


@_task(name="scaffold", help={"models": "where the metadata is, as MODULE:NAME"})
def _scaffold(session: Session, models: str = "") -> None:
    """Write what a new project needs; nothing is overwritten."""
    written = scaffold.write(session.settings.root, models, postgres=session.settings.postgres)
    session.show({"written": written}, lambda: session.display.pairs(written.items()))


def collection(
    name: str = "db", *, database: str | None = None, root: str | Path | None = None
) -> Collection:
    """Return the tasks for one database as an Invoke collection.

    Args:
        name: the namespace, as in `invoke db.migrate`.
        database: one of `[tool.dbtasks.databases]`; the project's main database when not given.
        root: the project's folder; the one with the tasks.py when not given.
    """
    folder = None if root is None else Path(root).resolve()
    tasks = Collection(name)
    for task in _TASKS:
        tasks.add_task(task.bound(database, folder))
    # Invoke reads INVOKE_DB_* only for keys that exist.
    tasks.configure({"db": dict.fromkeys(option_names())})
    return tasks


def _init_all(session: Session) -> None:
    """Set up a new checkout: server, database and migrations, ready to work with."""
    outcome = session.database.init()
    session.display.note(report.outcome_text(outcome, "applied"))
    session.show_status()


def _start_all(session: Session) -> None:
    """Start all containers of the compose project, or else the database's server."""
    session.database.server.start_all()
    session.show_status()


init = DatabaseTask(_init_all, name="init")
start = DatabaseTask(_start_all, name="start")
