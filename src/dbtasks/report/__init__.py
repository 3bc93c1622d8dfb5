"""Results as text; pure: nothing is printed here."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dbtasks.report.document import shown
from dbtasks.results import Restored

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dbtasks.policy import Target
    from dbtasks.rebase.run import RebaseOutcome
    from dbtasks.results import DatabaseStatus, Difference, Outcome, RehearsedStep, Revision, Step
    from dbtasks.settings import Settings

READ_IT = (
    "read it before you commit it: autogenerate does not see renames (it drops and adds),"
    " views, functions, triggers, and data to move"
)
SHOWS_IT = (
    "this URL has the password in it: keep it out of logs, and out of a program's arguments,"
    " which every user of the machine may see"
)
SHOWN_BY_FLAG = (
    "--url shows its password to every user of this machine while the command runs,"
    " and to the shell's history: DATABASE_URL can bring it instead"
)
SETTINGS_COLUMNS = ("setting", "value", "from")


def settings_rows(settings: Settings) -> list[tuple[str, str, str]]:
    """Return every setting with its value as text and the place it came from."""
    return [
        (name, _setting(shown(settings, name)), source) for name, source in settings.sources.items()
    ]


def _setting(value: object) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{key}={item}" for key, item in value.items())
    if isinstance(value, tuple):
        return ", ".join(map(str, value))
    if isinstance(value, float):
        return f"{value:g}"
    if isinstance(value, bool):
        return str(value).lower()
    return "" if value is None else str(value)


def status_rows(status: DatabaseStatus) -> list[tuple[str, str]]:
    """Return what there is to say about a database, as labels and texts."""
    url = status.server.url
    rows = [
        ("server", f"{status.server.kind} ({status.reason})"),
        ("where", status.server.where),
        ("state", status.server.state),
    ]
    if status.version:
        rows.append(("version", f"PostgreSQL {status.version}"))
    rows.append(("database", status.database))
    if url:
        rows.append(("url", str(url)))
    if status.current is not None:
        rows.append(("current", ", ".join(status.current) or "base"))
    if status.heads is not None:
        rows.append(("heads", ", ".join(status.heads) or "none"))
    if status.pending is not None:
        rows.append(("pending", count(status.pending, "revision")))
    if status.server.note:
        rows.append(("note", status.server.note))
    if status.problem:
        rows.append(("problem", status.problem))
    return rows


def outcome_text(outcome: Outcome, verb: str) -> str:
    """Return one line on what a run did: `verb` is `applied` or `undid`."""
    where = ", ".join(outcome.current) or "base"
    if isinstance(outcome, Restored) and not outcome.applied:
        return (
            f"restored the database as it was at {where} on {outcome.made},"
            f" {count(outcome.revisions, 'revision')} not replayed (--replay runs them)"
        )
    if not outcome.applied:
        return f"nothing to do, the database is at {where}"
    seconds = sum(one.seconds for one in outcome.applied)
    pending = f", {count(outcome.pending, 'revision')} pending" if outcome.pending else ""
    return (
        f"{verb} {count(len(outcome.applied), 'revision')} in {seconds:.1f} s,"
        f" the database is at {where}{pending}"
    )


def announcement_text(target: Target, steps: Sequence[Step]) -> str:
    """Return where revisions are about to run, and which, one a line."""
    lines = [
        f"  will {'apply' if step.upgrade else 'undo'} {step.revision} {step.message}".rstrip()
        for step in steps
    ]
    return "\n".join([str(target), *lines])


def name_question(target: Target, operation: str) -> str:
    """Return what asks for the name of a database that is to lose something."""
    return (
        f"This will {operation} {target}, and dbtasks did not make that server.\n"
        "Type the database's name to go on: "
    )


def revision_rows(revisions: Sequence[Revision]) -> list[tuple[str, str, str, str]]:
    """Return revisions as marks, id, parents and message."""
    return [
        (
            " ".join(
                mark
                for mark, given in (("head", one.is_head), ("current", one.is_current))
                if given
            ),
            one.revision,
            ", ".join(one.down_revision) or "base",
            one.message,
        )
        for one in revisions
    ]


def head_rows(heads: Sequence[Revision]) -> list[tuple[str, str, str, str]]:
    """Return heads as id, day, author and message."""
    return [(one.revision, (one.date or "")[:10], one.author or "", one.message) for one in heads]


def rehearsal_text(steps: Sequence[RehearsedStep]) -> str:
    """Return the SQL of each revision, as a script to read."""
    if not steps:
        return "nothing to do: no revision is pending"
    lines = []
    for step in steps:
        lines += [f"-- {step.revision} {step.message}", *map(_ended, step.sql), ""]
    return "\n".join(lines).rstrip()


def _ended(statement: str) -> str:
    """Return a statement with its semicolon, which a comment at its end must not swallow."""
    if statement.endswith(";"):
        return statement
    return f"{statement}\n;" if "--" in statement.rpartition("\n")[2] else f"{statement};"


def differences_text(found: Sequence[Difference]) -> str:
    """Return one line for each difference, and the operations that a new revision would hold."""
    if not found:
        return "the models and the migrations agree"
    lines = [f"{count(len(found), 'difference')} between the models and the migrations"]
    lines += [f"  {one.message}" for one in found]
    if any(one.operation for one in found):
        lines += ["", "a new revision would hold"]
    lines += [f"  {line}" for one in found for line in one.operation.splitlines()]
    return "\n".join(lines)


def rebase_text(outcome: RebaseOutcome) -> str:
    """Return what a re-parenting did, and how it was proven."""
    lines = [
        f"{outcome.revision} follows {outcome.onto} now ({outcome.path})",
        *outcome.notes,
        *(f"this breaks: {what}" for what in outcome.breaks),
        *(
            f"proven from {proof.start}: {count(len(proof.applied), 'revision')} in {proof.seconds:.1f} s"
            for proof in outcome.proofs
        ),
    ]
    return "\n".join(lines)


def count(number: int, noun: str) -> str:
    """Return a number and its noun, as in `2 revisions`."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
