"""Results as JSON documents; pure."""

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
    Restored,
    Revision,
    Standing,
    Step,
)

if TYPE_CHECKING:
    from dbtasks.errors import DbtasksError
    from dbtasks.settings import Settings


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


@as_document.register
def _(result: Restored) -> Any:
    applied = as_document.dispatch(Outcome)(result)
    return {**applied, "restored": {"made": result.made, "revisions": result.revisions}}


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


def settings_document(settings: Settings) -> Any:
    """Return every setting as `{name: {"value", "from"}}`, passwords masked."""
    return {
        name: {"value": _plain(shown(settings, name)), "from": source}
        for name, source in settings.sources.items()
    }


def _plain(value: object) -> object:
    return value if isinstance(value, (str, int, float, dict, tuple, NoneType)) else str(value)


def shown(settings: Settings, name: str) -> object:
    """Return a setting with the passwords masked that somebody wrote out in it."""
    if name == "env":
        return masked_variables(settings.env)
    if name == "setup_sql":
        return tuple(map(masked, settings.setup_sql))
    return getattr(settings, name)
