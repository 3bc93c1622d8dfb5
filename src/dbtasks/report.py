"""Results as text and as JSON documents; pure: nothing is printed here."""

from __future__ import annotations

import json
from functools import singledispatch
from types import NoneType
from typing import TYPE_CHECKING, Any

from dbtasks.masking import masked, masked_variables
from dbtasks.results import (
    DatabaseStatus,
    Difference,
    Outcome,
    RehearsedStep,
    Revision,
    Standing,
    Step,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dbtasks.errors import DbtasksError
    from dbtasks.policy import Target
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


def dumps(document: Any) -> str:
    """Return a JSON document as the tasks print it."""
    return json.dumps(document, indent=2, ensure_ascii=False)


@singledispatch
def as_document(result: Any) -> Any:
    """Return a result as the JSON contract wants it."""
    return result


@as_document.register
def _(result: DatabaseStatus) -> Any:
    url = result.server.url
    return {
        "server": {
            "kind": result.server.kind,
            "reason": result.reason,
            "state": result.server.state,
            "where": result.server.where,
            "version": result.version,
            "host": url.host if url else None,
            "port": url.port if url else None,
            "note": result.server.note,
        },
        "database": result.database,
        "url": str(url) if url else None,
        "current": None if result.current is None else list(result.current),
        "heads": None if result.heads is None else list(result.heads),
        "pending": result.pending,
        "problem": result.problem,
    }


@as_document.register
def _(result: Standing) -> Any:
    return {
        "current": list(result.current),
        "heads": list(result.heads),
        "pending": result.pending,
    }


@as_document.register
def _(result: Outcome) -> Any:
    return {
        "applied": [
            {"revision": one.revision, "seconds": round(one.seconds, 6)} for one in result.applied
        ],
        "current": list(result.current),
        "pending": result.pending,
    }


@as_document.register(tuple)
def _(result: tuple[Any, ...]) -> Any:
    return [as_document(one) for one in result]


@as_document.register
def _(result: Revision) -> Any:
    return {
        "revision": result.revision,
        "down_revision": list(result.down_revision),
        "message": result.message,
        "path": result.path,
        "is_head": result.is_head,
        "is_current": result.is_current,
        "branch_labels": list(result.branch_labels),
        "depends_on": list(result.depends_on),
        "date": result.date,
        **({"author": result.author} if result.author is not None else {}),
    }


@as_document.register
def _(result: Step) -> Any:
    return {"revision": result.revision, "message": result.message, "path": result.path}


@as_document.register
def _(result: RehearsedStep) -> Any:
    return {
        "revision": result.revision,
        "message": result.message,
        "path": result.path,
        "sql": list(result.sql),
    }


@as_document.register
def _(result: Difference) -> Any:
    return {"code": result.code, "message": result.message, "operation": result.operation}


def error_document(error: DbtasksError) -> Any:
    """Return an error as the JSON contract wants it."""
    document: dict[str, Any] = {
        "code": error.code,
        "message": error.message,
        "remedy": error.remedy,
    }
    if error.details:
        document["details"] = list(error.details)
    return {"error": document}


def settings_rows(settings: Settings) -> list[tuple[str, str, str]]:
    """Return every setting with its value as text and the place it came from."""
    return [
        (name, _setting(_shown(settings, name)), source)
        for name, source in settings.sources.items()
    ]


def _shown(settings: Settings, name: str) -> object:
    """Return a setting with the passwords masked that somebody wrote out in it."""
    if name == "env":
        return masked_variables(settings.env)
    if name == "setup_sql":
        return tuple(map(masked, settings.setup_sql))
    return getattr(settings, name)


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


def settings_document(settings: Settings) -> Any:
    """Return every setting as `{name: {"value", "from"}}`, passwords masked."""
    return {
        name: {"value": _plain(_shown(settings, name)), "from": source}
        for name, source in settings.sources.items()
    }


def _plain(value: object) -> object:
    return value if isinstance(value, (str, int, float, dict, tuple, NoneType)) else str(value)


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


def count(number: int, noun: str) -> str:
    """Return a number and its noun, as in `2 revisions`."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
