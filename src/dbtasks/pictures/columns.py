"""Texts laid out for a terminal's width: aligned columns, and lines that break between words."""

from __future__ import annotations

import re
from itertools import pairwise
from typing import TYPE_CHECKING

from dbtasks.pictures.cells import cells, clean

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

_GAP = 2
# A command, as far as its words look like one's, is broken only if it is longer than a line:
# somebody will copy it.
_COMMAND = re.compile(
    r"\b(?:alembic|docker|git|invoke|nox|pip|psql|rm) [^\s,;()]+(?: rm)?"
    r"(?: (?:-[^\s,;()]*|[^\s,;()]*[-./_=:'\"\d][^\s,;()]*|[A-Z]+\b))*"
)
_WORD = re.compile(r"\S+")


def aligned(rows: Iterable[Sequence[str]], width: int | None = None) -> Iterator[list[str]]:
    """Yield the lines of each row in columns of equal width, without blanks at their ends.

    Cells are broken between words where the columns are wider than `width`; a word stays whole, even
    if it then sticks out.
    """
    cleaned = [[clean(cell) for cell in row] for row in rows]
    widths = [max(map(cells, column)) for column in zip(*cleaned, strict=True)]
    if width is not None:
        words = [max(map(_longest_word, column)) for column in zip(*cleaned, strict=True)]
        _narrow(widths, words, width - _GAP * (len(widths) - 1))
    for row in cleaned:
        broken = [_broken(cell, room) for cell, room in zip(row, widths, strict=True)]
        height = max(map(len, broken))
        columns = [[*lines, *[""] * (height - len(lines))] for lines in broken]
        yield [_joined(line, widths) for line in zip(*columns, strict=True)]


def breaks(line: str, width: int, indent: int) -> list[int]:
    """Return where a line is to be broken: the places of the words that begin another one.

    A word that is longer than a line is left to the terminal.

    Args:
        line: the line.
        width: the columns of the terminal.
        indent: how many of them are left free in all lines but the first.
    """
    found: list[int] = []
    begin, room = 0, width
    for start, end in _unbroken(line, width - indent):
        too_long = cells(line[begin:end]) > room and line[begin:start].strip()
        if too_long and cells(line[start:end]) <= width - indent:
            found.append(start)
            begin, room = start, width - indent
    return found


def _unbroken(line: str, room: int) -> Iterator[tuple[int, int]]:
    """Yield where the words are, a command that has room in a line being one of them."""
    commands = [one.span() for one in _COMMAND.finditer(line) if cells(one.group()) <= room]
    for word in _WORD.finditer(line):
        start, end = word.span()
        inside = [one for one in commands if one[0] <= start < one[1]]
        if not inside:
            yield start, end
        elif start == inside[0][0]:
            yield start, max(inside[0][1], end)


def _narrow(widths: list[int], words: Sequence[int], room: int) -> None:
    """Take from the widest columns until all have room, as far as their words allow."""
    while sum(widths) > room:
        wide = [at for at, least in enumerate(words) if widths[at] > least]
        if not wide:
            return
        widths[max(wide, key=widths.__getitem__)] -= 1


def _longest_word(text: str) -> int:
    return max((cells(word) for word in text.split()), default=0)


def _broken(text: str, width: int) -> list[str]:
    places = [0, *breaks(text, width, 0), len(text)]
    return [text[start:end].rstrip() for start, end in pairwise(places)]


def _joined(line: Sequence[str], widths: Sequence[int]) -> str:
    padded = (cell + " " * (width - cells(cell)) for cell, width in zip(line, widths, strict=True))
    return (" " * _GAP).join(padded).rstrip()
