"""The tasks that apply and undo revisions."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dbtasks.errors import UsageError
from dbtasks.tasks.declare import YES, YES_DESTROY, exclusive, number, task

if TYPE_CHECKING:
    from dbtasks.wiring import Session

UNDO = "undo revisions of"
REVISION = "revision, branch@head or +N; the head when not given"


@task(
    name="migrate",
    aliases=("upgrade",),
    positional=("revision",),
    help={
        "revision": REVISION,
        "plan": "show what would be applied",
        "sql": "print the SQL instead of running it",
        "fix": "drop the invalid index that a failed CREATE INDEX CONCURRENTLY of these left",
    },
)
def _migrate(
    session: Session,
    revision: str = "",
    plan: bool = False,
    sql: bool = False,
    fix: bool = False,
) -> None:
    """Apply the pending revisions."""
    given = [flag for flag, on in (("--plan", plan), ("--sql", sql), ("--fix", fix)) if on]
    if len(given) > 1:
        raise exclusive(*given[:2])
    target = revision or None
    if plan:
        session.show_plan(session.database.migrator().plan(target))
    elif sql:
        text = session.database.migrator().sql(target)
        session.show({"sql": text}, lambda: print(text, end=""))  # noqa: T201
    else:
        session.show_outcome(session.database.migrate(target, fix=fix))


@task(
    name="plan",
    positional=("revision",),
    help={"revision": REVISION},
)
def _plan(session: Session, revision: str = "") -> None:
    """Show what db.migrate would do to this database: the SQL, run in a throwaway copy."""
    session.show_rehearsal(session.database.rehearse(revision or None))


@task(
    name="rollback",
    aliases=("migrate-down",),
    help={
        "steps": "how many revisions to undo",
        "to": "the revision to go back to; base undoes all",
        "yes_destroy": YES_DESTROY,
    },
)
def _rollback(session: Session, steps: str = "", to: str = "", yes_destroy: str = "") -> None:
    """Undo the last revision."""
    if steps and to:
        raise exclusive("--steps", "--to")
    count = number(steps or "1", "--steps")
    runs = session.runs_to_undo(UNDO, yes_destroy)
    session.show_outcome(runs.rollback(count, to=to or None), "undid")


@task(
    name="rollback-all",
    aliases=("migrate-down-all",),
    help={"yes": YES, "yes_destroy": YES_DESTROY},
)
def _rollback_all(session: Session, yes: bool = False, yes_destroy: str = "") -> None:
    """Undo all revisions, down to base."""
    runs = session.runs_to_undo("undo every revision of", yes_destroy)
    server = session.database.server
    if server.owned:
        question = f"This undoes every revision of database {server.address()}"
        session.confirm(yes or bool(yes_destroy), question)
    session.show_outcome(runs.rollback(to="base"), "undid")


@task(name="redo", help={"yes_destroy": YES_DESTROY})
def _redo(session: Session, yes_destroy: str = "") -> None:
    """Undo the last revision and apply it again."""
    session.show_outcome(session.runs_to_undo(UNDO, yes_destroy).redo(), "ran")


@task(
    name="stamp",
    positional=("revision",),
    help={
        "revision": "what to write: a revision, head, heads or base",
        "yes_destroy": YES_DESTROY,
    },
)
def _stamp(session: Session, revision: str = "", yes_destroy: str = "") -> None:
    """Write a revision into the version table without running anything."""
    if not revision:
        raise UsageError(
            "a stamp needs a revision", remedy="write invoke db.stamp head, or another revision"
        )
    runs = session.runs_to_undo("overwrite the version table of", yes_destroy)
    standing = runs.stamp(revision)
    where = ", ".join(standing.current) or "base"
    session.show(standing, lambda: session.display.print(f"the version table says {where}"))
