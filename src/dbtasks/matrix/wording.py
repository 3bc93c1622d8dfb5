"""How the report words things: texts of others made harmless, numbers, lists, the end of support; pure."""

from __future__ import annotations

import json
import re
import unicodedata
from typing import TYPE_CHECKING, Any

from dbtasks.pictures.cells import clean
from dbtasks.values import END_OF_LIFE

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import date

    from dbtasks.matrix.cells import Cell

MARKS = {
    "passed": "✓",
    "failed": "✗",
    "excepted": "≈",
    "skipped": "○",
    "not-reached": "…",
    "unfinished": "!",
    "missing": "?",
}
_LONGEST = 20_000  # characters of a block
_SOON = 183  # days before the end of support from which a page warns
_ESCAPE = re.compile(r"\x1b\[[0-9;:?]*[ -/]*[@-~]")
_COMMANDS = frozenset(
    "\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\ufffe\uffff"
)


def one_line(words: str) -> str:
    """Return a text as one line that commands no terminal, turns no direction and breaks no XML."""
    return clean(_ESCAPE.sub("", words))


def harmless(words: str) -> str:
    """Return a text likewise, with its lines and its indentation."""
    lines = _ESCAPE.sub("", words).expandtabs(4).splitlines()
    return "\n".join("".join(filter(_harmless, line)).rstrip() for line in lines)


def _harmless(char: str) -> bool:
    return unicodedata.category(char) not in {"Cc", "Cs"} and char not in _COMMANDS


def bounded(words: str) -> str:
    """Return a text of others, cut where it is too long to be read."""
    if len(words) <= _LONGEST:
        return words
    return f"{words[:_LONGEST]}\n... {len(words) - _LONGEST} more characters"


def seconds(value: float) -> str:
    """Return seconds in as many digits as are of use."""
    if value < 9.995:
        return f"{value:.2f}"
    return f"{value:.1f}" if value < 99.95 else f"{value:.0f}"


def duration(value: float) -> str:
    """Return seconds with their unit, from a minute on in minutes."""
    if value < 59.5:
        return f"{seconds(value)} s"
    minutes, rest = divmod(round(value), 60)
    return f"{minutes} min {rest:02} s"


def count(number: int, noun: str) -> str:
    """Return a number and a noun."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def listing(words: Sequence[str]) -> str:
    """Return words as a sentence lists them."""
    return f"{', '.join(words[:-1])} and {words[-1]}" if len(words) > 1 else "".join(words)


def servers(labels: Sequence[str]) -> str:
    """Return labels of cells as a sentence lists them."""
    return f"PostgreSQL {listing(labels)}"


def labels(cells: Iterable[Cell]) -> dict[str, str]:
    """Return what people call each cell: its major, or its name where several have that major."""
    cells = tuple(cells)
    majors = [one.postgres for one in cells]
    return {
        one.name: str(one.postgres) if majors.count(one.postgres) == 1 else one.name
        for one in cells
    }


def value(given: Any) -> str:
    """Return a property's value as people read it."""
    if given is None:
        return "none"
    return given if isinstance(given, str) else json.dumps(given, ensure_ascii=False)


def end_of_life(major: int, today: date) -> tuple[str, bool]:
    """Return a note on how long a major is supported, and whether that is (almost) over."""
    end = END_OF_LIFE.get(major)
    if end is None:
        return "end of support not known", False
    if end < today:
        return f"not supported since {end}", True
    return f"supported until {end}", (end - today).days <= _SOON
