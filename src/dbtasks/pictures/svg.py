"""A history as a picture: a self-contained SVG file for a browser, light and dark; pure."""

from __future__ import annotations

import re
from html import escape
from typing import TYPE_CHECKING

from dbtasks.pictures.cells import cells, clean, shorten
from dbtasks.pictures.graph import layout

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from dbtasks.pictures.graph import Row
    from dbtasks.results import Revision

Point = tuple[int, int]  # row and lane

_ROW, _LANE, _LEFT, _TOP, _MARGIN = 30, 18, 34, 96, 24
_ID_COLUMN, _MESSAGE, _LEAST_WIDTH = 24, 90, 480
# Pixels that a character takes: in the fixed font, in a badge, and in the other font at most.
_FIXED, _BADGE, _WIDE = 7.9, 6.7, 7.9
_COLOURS = 6
_DATE = re.compile(r"\d{4}-\d\d-\d\d")

_STYLE = """
svg { --paper: #ffffff; --ink: #1f2328; --faint: #656d76; --hover: #8c959f22; --ring: #1a7f37;
  --l0: #0969da; --l1: #bc4c00; --l2: #8250df; --l3: #1a7f37; --l4: #bf3989; --l5: #1b7c83;
  font: 14px system-ui, -apple-system, "Segoe UI", "Liberation Sans", Arial, sans-serif; background: var(--paper); color-scheme: light dark }
@media (prefers-color-scheme: dark) {
  svg { --paper: #0d1117; --ink: #e6edf3; --faint: #8d96a0; --hover: #8c959f33; --ring: #3fb950;
    --l0: #58a6ff; --l1: #f0883e; --l2: #bc8cff; --l3: #3fb950; --l4: #f778ba; --l5: #39c5cf } }
.paper { fill: var(--paper) } text { fill: var(--ink) } .title { font-size: 18px; font-weight: 600 }
.id, .date, .badge text { font-family: ui-monospace, "SF Mono", Menlo, Consolas, "Liberation Mono", monospace }
.id { font-size: 13px; font-weight: 600 } .date { font-size: 13px } .date, .note, .summary { fill: var(--faint) }
.note { font-size: 12px } .lane { fill: none; stroke: var(--c); stroke-width: 2.5; stroke-linecap: round }
.node { fill: var(--c); stroke: var(--paper); stroke-width: 2 } .head .node { stroke: var(--c) }
.ring { fill: none; stroke: var(--ring); stroke-width: 2 } .hit { fill: transparent }
.row:hover .hit { fill: var(--hover) }
.needs { fill: none; stroke: var(--faint); stroke-width: 1.5; stroke-dasharray: 3 4 } .tip { fill: var(--faint) }
.badge rect { fill: var(--c); fill-opacity: .15; stroke: var(--c) } .badge text { fill: var(--c); font-size: 11px }
.badge.current { --c: var(--ring) } .badge.label { --c: var(--faint) }
"""
_STYLE += " ".join(f".l{one} {{ --c: var(--l{one}) }}" for one in range(_COLOURS))


def draw(revisions: Sequence[Revision], *, title: str = "Migration history") -> str:
    """Return an SVG document with a row per revision, newest first, in the lanes of `graph`."""
    rows = layout(revisions)
    column = _Column(rows)
    width, height = column.width, _TOP + len(rows) * _ROW + _MARGIN // 2
    size = f'width="{width}" height="{height}" viewBox="0 0 {width} {height}"'
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" {size} role="img" aria-label="{_text(title)}">',
            f"<desc>{_text(_description(revisions))}</desc>",
            f"<style>{_STYLE}</style>",
            f'<rect class="paper" width="{width}" height="{height}"/>',
            f'<text class="title" x="{_MARGIN}" y="36">{_text(title)}</text>',
            f'<text class="summary" x="{_MARGIN}" y="60">{_text(_summary(revisions))}</text>',
            *(_lane(points) for points in edges(rows)),
            *_dependencies(rows),
            *(column.row(place, row) for place, row in enumerate(rows)),
            "</svg>\n",
        ]
    )


def edges(rows: Sequence[Row]) -> Iterator[list[Point]]:
    """Yield a line from each child towards each parent, ending where it meets another that leads there."""
    leading: dict[str, list[Point]] = {}
    for place, row in enumerate(rows):
        if row.revision.revision in leading:
            line = [*leading.pop(row.revision.revision), (place, row.lane)]
            yield list(dict.fromkeys(line))
        for parent, lane in row.edges:
            line = [(place, row.lane), (place + 1, lane)]
            if row.moved is not None:
                yield list(dict.fromkeys([*leading[parent], (place, row.moved), line[1]]))
            elif parent in leading:
                yield line
                continue
            leading[parent] = line


class _Column:
    """The texts to the right of the lanes, and how much room they take."""

    def __init__(self, rows: Sequence[Row]) -> None:
        self._id = _x(max((row.lane for row in rows), default=0)) + 26
        names = [min(cells(clean(row.revision.revision)), _ID_COLUMN) for row in rows]
        self._date = self._id + max(names, default=0) * _FIXED + 18
        dated = any(_date(row.revision) for row in rows)
        self._message = self._date + (10 * _FIXED + 18 if dated else 0)
        widths = (self._message + self._badges_and_message(row)[1] for row in rows)
        self.width = round(max(widths, default=0) + _MARGIN)
        self.width = max(self.width, _LEAST_WIDTH)

    def row(self, place: int, row: Row) -> str:
        """Draw a revision with its texts; a pointer that rests on it sees all there is to know."""
        one, x, y = row.revision, _x(row.lane), _y(place)
        ring = f'<circle class="ring" cx="{x}" cy="{y}" r="9.5"/>' if one.is_current else ""
        name = shorten(clean(one.revision), _ID_COLUMN)
        return (
            f'<g class="row l{row.lane % _COLOURS}{" head" * one.is_head}"><title>{_tooltip(one)}</title>'
            f'<rect class="hit" y="{y - _ROW // 2}" width="{self.width}" height="{_ROW}"/>'
            f'<circle class="node" cx="{x}" cy="{y}" r="6"/>{ring}'
            f'<text class="id" x="{self._id}" y="{y + 4.5}">{_text(name)}</text>'
            f'<text class="date" x="{self._date:.1f}" y="{y + 4.5}">{_date(one)}</text>'
            f'<g transform="translate({self._message:.1f} {y})">{self._badges_and_message(row)[0]}</g></g>'
        )

    @staticmethod
    def _badges_and_message(row: Row) -> tuple[str, float]:
        one, x, drawn = row.revision, 0.0, []
        badges = [("head", "head")] * one.is_head + [("current", "current")] * one.is_current
        for kind, words in [*badges, *(("label", label) for label in one.branch_labels)]:
            words = shorten(clean(words), _ID_COLUMN)
            wide = cells(words) * _BADGE + 14
            drawn.append(
                f'<g class="badge {kind}"><rect x="{x:.1f}" y="-9" width="{wide:.1f}" height="18" rx="9"/>'
                f'<text x="{x + wide / 2:.1f}" y="4" text-anchor="middle">{_text(words)}</text></g>'
            )
            x += wide + 6
        message, notes = shorten(clean(one.message), _MESSAGE), _notes(row)
        x += 2 if drawn else 0
        drawn.append(
            f'<text x="{x:.1f}" y="5">{_text(message)}'
            + (f'<tspan class="note" dx="10">{_text(notes)}</tspan>' if notes else "")
            + "</text>"
        )
        return "".join(drawn), x + (cells(message) + cells(notes) + 2) * _WIDE


def _lane(points: Sequence[Point]) -> str:
    """Draw a line through points: straight in a lane, curved from one to another."""
    (row, lane), *others = points
    colour = max(lane, points[1][1]) % _COLOURS
    drawn = f"M{_x(lane)} {_y(row)}"
    for below, beside in others:
        if beside == lane:
            drawn += f"V{_y(below)}"
        else:
            middle = (_y(row) + _y(below)) / 2
            drawn += f"C{_x(lane)} {middle:g} {_x(beside)} {middle:g} {_x(beside)} {_y(below)}"
        row, lane = below, beside
    return f'<path class="lane l{colour}" d="{drawn}"/>'


def _dependencies(rows: Sequence[Row]) -> Iterator[str]:
    """Draw a dotted line, left of the lanes where it can, from a revision to each that it depends on."""
    places = {
        name: place
        for place, row in enumerate(rows)
        for name in (row.revision.revision, *row.revision.branch_labels)
    }
    for place, row in enumerate(rows):
        for name in dict.fromkeys(row.revision.depends_on):
            if name not in places:
                continue
            x, y = _x(row.lane), _y(place)
            to_x, to_y = _x(rows[places[name]].lane), _y(places[name])
            left = max(min(x, to_x) - 34, 2)
            to_x -= 9
            yield (
                f'<path class="needs" d="M{x - 7} {y}C{left} {y} {left} {to_y} {to_x} {to_y}">'
                f"<title>{_text(row.revision.revision)} needs {_text(name)}</title></path>"
                f'<path class="tip" d="M{to_x + 2} {to_y}l-7 -4v8z"/>'
            )


def _notes(row: Row) -> str:
    notes = [f"needs {', '.join(row.revision.depends_on)}"] if row.revision.depends_on else []
    notes += [f"parent {', '.join(row.missing)} not shown"] if row.missing else []
    return shorten(clean("; ".join(notes)), _MESSAGE // 2)


def _summary(revisions: Sequence[Revision]) -> str:
    heads = sum(one.is_head for one in revisions)
    current = ", ".join(one.revision for one in revisions if one.is_current)
    parts = [_count(len(revisions), "revision"), _count(heads, "head")]
    return shorten(" · ".join(parts + ([f"database at {current}"] if current else [])), 64)


def _description(revisions: Sequence[Revision]) -> str:
    heads = ", ".join(one.revision for one in revisions if one.is_head) or "none"
    current = ", ".join(one.revision for one in revisions if one.is_current) or "none of them"
    total = _count(len(revisions), "revision")
    return f"A graph of {total}, newest first. Heads: {heads}. The database is at: {current}."


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def _tooltip(one: Revision) -> str:
    lines = [f"{one.revision} {clean(one.message)}", one.path, one.date or ""]
    lines.append(f"follows {', '.join(one.down_revision)}" if one.down_revision else "a base")
    lines.append(f"needs {', '.join(one.depends_on)}" if one.depends_on else "")
    return "\n".join(_text(line) for line in lines if line)


def _date(one: Revision) -> str:
    found = _DATE.match(one.date or "")
    return found[0] if found else ""


def _x(lane: int) -> int:
    return _LEFT + lane * _LANE


def _y(row: int) -> int:
    return _TOP + row * _ROW


def _text(words: str) -> str:
    return escape(clean(words))
