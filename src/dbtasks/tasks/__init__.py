"""The Invoke collection: parse, call, render. With `invoke_task`, all that imports Invoke."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from invoke.collection import Collection

from dbtasks.garbage import end_without_search
from dbtasks.invoke_task import DatabaseTask
from dbtasks.settings import option_names
from dbtasks.tasks import history, migrations, server, upgrade  # noqa: F401  each declares its tasks
from dbtasks.tasks.declare import TASKS

if TYPE_CHECKING:
    from dbtasks.wiring import Session


def collection(
    name: str = "db", *, database: str | None = None, root: str | Path | None = None
) -> Collection:
    """Return the tasks for one database as an Invoke collection.

    Args:
        name: the namespace, as in `invoke db.migrate`.
        database: one of `[tool.dbtasks.databases]`; the project's main database when not given.
        root: the project's folder; the one with the tasks.py when not given.
    """
    end_without_search()
    folder = None if root is None else Path(root).resolve()
    tasks = Collection(name)
    for task in TASKS:
        tasks.add_task(DatabaseTask(task.body, database=database, root=folder, **task.options))
    # Invoke reads INVOKE_DB_* only for keys that exist.
    tasks.configure({"db": dict.fromkeys(option_names())})
    return tasks


def _init_all(session: Session) -> None:
    """Set up a new checkout: server, database and migrations, ready to work with."""
    session.note_outcome(session.database.init())
    session.show_status()


def _start_all(session: Session) -> None:
    """Start all containers of the compose project, or else the database's server."""
    session.database.server.start_all()
    session.show_status()


init = DatabaseTask(_init_all, name="init")
start = DatabaseTask(_start_all, name="start")
