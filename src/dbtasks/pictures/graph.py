"""A history as a railroad: revisions in lanes, rendered for a terminal; pure.

Rows come newest first. A lane leads down to one parent, so that children of the same parent share
it as soon as they meet; a lane that passes a connector without touching it is drawn through it.
"""

from __future__ import annotations

import heapq
from dataclasses import dataclass
from itertools import zip_longest
from typing import TYPE_CHECKING, Literal, NamedTuple

from dbtasks.pictures.cells import cells, clean, shorten

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from dbtasks.results import Revision

Role = Literal["lane", "revision", "head", "current", "label", "message", "note"]

_NOTE_NAMES = 3
_BAR, _PASS = 3, 12  # in _Glyphs.lines: left and right, up and down


class Segment(NamedTuple):
    """A piece of a line; `role` says what it is, for whoever gives it a colour."""

    text: str
    role: Role


Line = tuple[Segment, ...]


class Row(NamedTuple):
    """One revision in its lane, and what happens to the lanes right below it.

    `edges` are its parents, each with the lane that leads there; `moved` is a lane that ends below
    this row because its parent is now reached through this row's lane; `missing` are parents that
    are not part of the picture.
    """

    revision: Revision
    lane: int
    edges: tuple[tuple[str, int], ...]
    moved: int | None
    missing: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class _Glyphs:
    """What lines are drawn with; `lines` is indexed by up * 8 + down * 4 + left * 2 + right."""

    lines: str
    revision: str
    current: str
    more: str
    ellipsis: str


_BOXES = _Glyphs(lines=" ───│╭╮┬│╰╯┴│├┤┼", revision="○", current="●", more="…", ellipsis="…")
_ASCII = _Glyphs(lines=" ---|..+|''+|+++", revision="*", current="@", more="~", ellipsis="...")


class _Lanes:
    """The lanes in use: which one leads to which parent, and which are free."""

    def __init__(self) -> None:
        self._leads: dict[str, int] = {}
        self._free: list[int] = []
        self._count = 0

    def enter(self, revision: str) -> int:
        """Return the lane of a revision: the one that leads there, or else the leftmost free one."""
        lane = self._leads.pop(revision, None)
        return self._take() if lane is None else lane

    def leave(
        self, lane: int, parents: Sequence[str]
    ) -> tuple[tuple[tuple[str, int], ...], int | None]:
        """Lead a lane on to the parents; return the lane of each, and the lane that moved."""
        moved = None
        fresh = [parent for parent in parents if parent not in self._leads]
        if fresh:
            self._leads[fresh[0]] = lane
            self._leads.update((parent, self._take()) for parent in fresh[1:])
        elif len(parents) == 1 and self._leads[parents[0]] > lane:
            moved = self._leads[parents[0]]
            self._leads[parents[0]] = lane
            heapq.heappush(self._free, moved)
        else:
            heapq.heappush(self._free, lane)
        return tuple((parent, self._leads[parent]) for parent in parents), moved

    def _take(self) -> int:
        if self._free:
            return heapq.heappop(self._free)
        self._count += 1
        return self._count - 1


def layout(revisions: Sequence[Revision]) -> list[Row]:
    """Lay a history out in lanes, children before parents; linear in the number of edges."""
    places = {one.revision: place for place, one in enumerate(revisions)}
    lanes = _Lanes()
    rows = []
    for place, one in enumerate(revisions):
        parents = list(dict.fromkeys(one.down_revision))
        shown = [parent for parent in parents if places.get(parent, -1) > place]
        lane = lanes.enter(one.revision)
        edges, moved = lanes.leave(lane, shown)
        missing = tuple(parent for parent in parents if parent not in shown)
        rows.append(Row(revision=one, lane=lane, edges=edges, moved=moved, missing=missing))
    return rows


def lines(revisions: Sequence[Revision], *, width: int = 80, encoding: str = "utf-8") -> list[Line]:
    """Render a history for a terminal, a line per revision and one where branches fork or join.

    Args:
        revisions: newest first, children before their parents.
        width: columns that no line exceeds; half of them at most are for the lanes.
        encoding: what the output can show; without box characters in it, the picture is ASCII.
    """
    return list(_Terminal(width, encoding).render(layout(revisions)))


def text(revisions: Sequence[Revision], *, width: int = 80, encoding: str = "utf-8") -> str:
    """Render a history as plain text, a line each as in `lines`."""
    found = lines(revisions, width=width, encoding=encoding)
    return "\n".join("".join(segment.text for segment in line).rstrip() for line in found)


class _Terminal:
    """Rows into lines; holds the lanes that are in use between two rows."""

    def __init__(self, width: int, encoding: str) -> None:
        self._width, self._encoding = width, encoding
        self._glyphs = _BOXES if _can_show(encoding) else _ASCII
        self._limit = max(1, width // 4)
        self._active: set[int] = set()

    def render(self, rows: Sequence[Row]) -> Iterator[Line]:
        """Yield the lines of all rows."""
        for row, after in zip_longest(rows, rows[1:]):
            yield self._revision(row)
            below = {lane for _, lane in row.edges}
            touched = {row.lane, *below} | (set() if row.moved is None else {row.moved})
            above = (touched & self._active) | {row.lane}
            self._active -= touched
            self._active |= below
            if len(touched) > 1:
                yield (Segment(text=self._connector(touched, above), role="lane"),)
            elif after and not row.edges and self._column(after) == self._column(row):
                # Without a line between, the next base's history would look like this one's parent.
                yield (Segment(text=self._connector(set(), set()), role="lane"),)

    def _revision(self, row: Row) -> Line:
        current = row.revision.is_current
        glyph = self._glyphs.current if current else self._glyphs.revision
        role: Role = "current" if current else "head" if row.revision.is_head else "lane"
        few = len(self._active) < self._limit  # of thousands of lanes not all are looked at
        lanes = sorted({*self._active, row.lane}) if few else range(self._limit)
        used = [
            lane
            for lane in lanes
            if lane < self._limit and (lane in self._active or lane == row.lane)
        ]
        more = len(used) < len(self._active) + (row.lane not in self._active)
        columns = [" "] * (self._limit + 1 if more else used[-1] + 1)
        for lane in used:
            columns[lane] = self._glyphs.lines[_PASS]
        if more:
            columns[-1] = self._glyphs.more
        at = self._column(row)
        drawn = [
            Segment(text="".join(f"{column} " for column in columns[:at]), role="lane"),
            Segment(text=glyph, role=role),
            Segment(text="".join(f" {column}" for column in columns[at + 1 :]), role="lane"),
        ]
        room = self._width - 2 * len(columns) + 1
        return tuple([one for one in (*drawn, *self._words(row, room)) if one.text])

    def _column(self, row: Row) -> int:
        """Return the column of a row's lane; what has no room for its own shares the last one."""
        return min(row.lane, self._limit)

    def _connector(self, touched: set[int], above: set[int]) -> str:
        """Draw a bar through the lanes touched; `above` are those of them that come from above."""
        low, high = min(touched, default=0), max(touched, default=0)
        used = [lane for lane in range(self._limit) if lane in self._active]
        more = high >= self._limit or len(used) < len(self._active)
        last = self._limit - 1 if more else max(high, *used, 0)
        drawn = ""
        for lane in range(last + 1):
            index = _BAR if low < lane < high else 0
            if lane in touched:
                up, down = lane in above, lane in self._active
                index = up * 8 + down * 4 + (low < lane) * 2 + (lane < high)
            elif lane in self._active:
                index = _PASS
            drawn += (
                self._glyphs.lines[index] + self._glyphs.lines[_BAR if low <= lane < high else 0]
            )
        return drawn + self._glyphs.more if more else drawn.rstrip()

    def _words(self, row: Row, room: int) -> list[Segment]:
        """Say what there is to say about a revision, in at most `room` columns."""
        one = row.revision
        words: list[tuple[Role, str]] = [("revision", one.revision)]
        words += [("head", "(head)")] * one.is_head
        words += [("current", "(current)")] * one.is_current
        words += [("label", f"[{label}]") for label in one.branch_labels]
        words.append(("message", one.message))
        if one.depends_on:
            words.append(("note", f"(needs {_some(one.depends_on)})"))
        if row.missing:
            words.append(("note", f"(parent {_some(row.missing)} not shown)"))
        cleaned = [(role, f" {shown}") for role, word in words if (shown := self._shown(word))]
        return _fit(cleaned, room, self._glyphs.ellipsis)

    def _shown(self, word: str) -> str:
        text = clean(word)
        return (
            text
            if text.isascii()
            else text.encode(self._encoding, "replace").decode(self._encoding)
        )


def _fit(words: list[tuple[Role, str]], room: int, ellipsis: str) -> list[Segment]:
    """Shorten words until they fit: the message first, and what matters most last."""
    over = sum([cells(word) for _, word in words]) - room
    if over <= 0:
        return [Segment(text=word, role=role) for role, word in words]
    least = (("message", 20), ("note", 14), ("label", 10), ("revision", 13), ("message", 0))
    for wanted, keep in (
        *least,
        ("note", 0),
        ("label", 0),
        ("revision", 7),
        ("head", 0),
        ("current", 0),
    ):
        for place, (role, word) in enumerate(words):
            if role == wanted and over > 0 and cells(word) > keep:
                short = shorten(word, max(keep, cells(word) - over), ellipsis)
                over -= cells(word) - cells(short)
                words[place] = role, short
    found = []
    for role, word in words:
        found.append(Segment(text=shorten(word, max(room, 0), ellipsis), role=role))
        room -= cells(found[-1].text)
    return found


def _can_show(encoding: str) -> bool:
    try:
        "".join((_BOXES.lines, _BOXES.revision, _BOXES.current, _BOXES.more)).encode(encoding)
    except (UnicodeEncodeError, LookupError):
        return False
    return True


def _some(names: Sequence[str]) -> str:
    more = f" and {len(names) - _NOTE_NAMES} more" if len(names) > _NOTE_NAMES else ""
    return ", ".join(names[:_NOTE_NAMES]) + more
