"""The tasks that write, list and compare revisions."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from invoke.exceptions import Exit

from dbtasks.errors import CheckError, UsageError
from dbtasks.tasks.declare import YES_DESTROY, number, task

if TYPE_CHECKING:
    from dbtasks.wiring import Session


@task(
    name="revision",
    aliases=("migrate-create",),
    positional=("message",),
    help={
        "message": "what the revision does; MIGRATE_MSG in the environment also gives it",
        "empty": "write it without comparing",
        "from_live": "compare with the real database instead of a throwaway one at head",
    },
)
def _revision(
    session: Session, message: str = "", empty: bool = False, from_live: bool = False
) -> None:
    """Write a revision that brings the migrations to the models."""
    text = message or os.environ.get("MIGRATE_MSG", "")
    if not text.strip():
        raise UsageError(
            "a revision needs a message", remedy='write invoke db.revision "what it does"'
        )
    path = session.database.revision(text, empty=empty, live=from_live)
    session.show({"path": path}, lambda: session.display.print(path))
    if not empty:
        session.note_to_read()


@task(
    name="history",
    aliases=("migrate-history",),
    help={
        "from_": "the oldest revision to show",
        "to": "the newest revision to show",
        "last": "only the newest N",
        "mermaid": "print a Mermaid flowchart",
        "svg": "write a picture to this file",
    },
)
def _history(
    session: Session,
    from_: str = "",
    to: str = "",
    last: str = "",
    mermaid: bool = False,
    svg: str = "",
) -> None:
    """Draw the revisions, newest first, with heads and current marked."""
    found = session.database.records.history(
        from_=from_ or None, to=to or None, last=number(last, "--last") if last else None
    )
    if svg:
        session.write_svg(Path(svg), found)
    elif mermaid:
        session.show_mermaid(found)
    else:
        session.show_history(found)


@task(
    name="heads",
    aliases=("migrate-heads",),
    help={
        "check": "fail when there are several",
        "base": "a branch, such as origin/main: fail if merging into it gives several heads",
    },
)
def _heads(session: Session, check: bool = False, base: str = "") -> None:
    """List the heads, and say what to run when there are several."""
    found = (
        session.database.records.merged_heads(base) if base else session.database.records.heads()
    )
    session.show_heads(found)
    if len(found) > 1 and (check or base):
        raise Exit(code=CheckError.exit_code)


@task(name="current", aliases=("migrate-current",))
def _current(session: Session) -> None:
    """List the revisions that the database is at."""
    session.show_revisions(session.database.records.current())


@task(
    name="merge-heads",
    aliases=("migrate-merge-heads",),
    positional=("message",),
    help={"message": "what the merge says"},
)
def _merge_heads(session: Session, message: str = "Merge multiple heads") -> None:
    """Write one revision over all heads."""
    path = session.database.files().merge(message)
    session.show({"path": path}, lambda: session.display.print(path))


@task(
    name="rebase",
    positional=("revision",),
    help={
        "revision": "the head of the branch to move; chosen when not given",
        "onto": "the revision to put it on; the other head when not given",
        "base": "the base branch; origin/main, origin/master, main or master when not given",
        "force": "move it although that breaks something, and say what",
        "migrate": "roll the local database back before, and migrate it afterwards",
        "yes_destroy": YES_DESTROY,
    },
)
def _rebase(
    session: Session,
    revision: str = "",
    onto: str = "",
    base: str = "",
    force: bool = False,
    migrate: bool = False,
    yes_destroy: str = "",
) -> None:
    """Put a branch of the history behind another one, instead of merging."""
    prepared = session.database.prepare_rebase(
        revision=revision or None,
        onto=onto or None,
        base=base or None,
        force=force,
        migrate=migrate,
    )
    session.rebase(prepared, yes_destroy)


@task(
    name="check",
    aliases=("check-migrations",),
    help={"live": "compare with the real database instead of a throwaway one at head"},
)
def _check(session: Session, live: bool = False) -> None:
    """Fail when the models and the migrations differ."""
    found = session.database.differences(live=live)
    session.show_differences(found)
    if found:
        raise Exit(code=CheckError.exit_code)


@task(name="scaffold", help={"models": "where the metadata is, as MODULE:NAME"})
def _scaffold(session: Session, models: str = "") -> None:
    """Write what a new project needs; nothing is overwritten."""
    session.scaffold(models)
