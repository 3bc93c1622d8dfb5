"""Statements that make, remake or drop an index CONCURRENTLY, recognised by their text."""

from __future__ import annotations

import re
from dataclasses import dataclass

_IDENTIFIER = r'(?:"(?:[^"]|"")+"|[\w$]+)'
_NAME = rf"{_IDENTIFIER}(?:\s*\.\s*{_IDENTIFIER})*"
_COMMENTS = re.compile(r"\s*(?:--[^\n]*(?:\n|$)|/\*.*?\*/)\s*", re.DOTALL)
_CREATE = r"(?P<verb>CREATE)\s+(?:UNIQUE\s+)?INDEX\s+CONCURRENTLY\s+"
_ON_TABLE = rf"ON\s+(?:ONLY\s+)?(?P<table>{_NAME})"
_FORMS = tuple(
    re.compile(rf"\s*{form}", re.IGNORECASE)
    for form in (
        rf"{_CREATE}(?:IF\s+NOT\s+EXISTS\s+)?(?!ON\b)(?P<index>{_NAME})\s+{_ON_TABLE}",
        rf"{_CREATE}{_ON_TABLE}",
        rf"(?P<verb>DROP)\s+INDEX\s+CONCURRENTLY\s+(?:IF\s+EXISTS\s+)?(?P<index>{_NAME})",
        r"(?P<verb>REINDEX)\b(?=[^;]*\bCONCURRENTLY\b)\s*(?:\([^)]*\)\s*)?(?:INDEX|TABLE|SCHEMA|DATABASE)\b",
    )
)


@dataclass(frozen=True, kw_only=True)
class Concurrently:
    """One such statement: `verb` is CREATE, DROP or REINDEX, the names are as they are written.

    An index without a `index` gets one from PostgreSQL; REINDEX may be of many.
    """

    verb: str
    index: str | None = None
    table: str | None = None


def read(statement: str) -> Concurrently | None:
    """Return what a statement does with an index CONCURRENTLY, None if it does no such thing."""
    if "concurrently" not in statement.lower():
        return None
    text = _COMMENTS.sub(" ", statement)
    for form in _FORMS:
        match = form.match(text)
        if match is not None:
            found = match.groupdict()
            return Concurrently(
                verb=found["verb"].upper(), index=found.get("index"), table=found.get("table")
            )
    return None
