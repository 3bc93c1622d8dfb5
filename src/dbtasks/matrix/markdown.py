"""The report as Markdown for the summary of a CI job: totals per version, and what failed; pure."""

from __future__ import annotations

import re
from html import escape
from typing import TYPE_CHECKING

from dbtasks.matrix import grid
from dbtasks.matrix.wording import (
    MARKS,
    bounded,
    count,
    end_of_life,
    harmless,
    one_line,
    seconds,
    servers,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from dbtasks.matrix.divergence import Divergence
    from dbtasks.matrix.findings import Failure
    from dbtasks.matrix.report import Report

LIMIT = 1024 * 1024  # bytes that GitHub takes as the summary of one step
_RESERVE = 200  # bytes kept for saying what was left out
_SPECIAL = re.compile(r"([\\`*_\[\]|~#$@])")


def markdown(report: Report, *, limit: int = LIMIT) -> str:
    """Return the report in at most `limit` bytes; what does not fit is counted at the end."""
    kept: list[str] = []
    room, left_out = limit - _RESERVE, 0
    for block in _blocks(report):
        size = len(block.encode()) + 2
        if size <= room:
            kept.append(block)
            room -= size
        else:
            left_out += 1
    if left_out:
        kept.append(f"_{count(left_out, 'part')} did not fit in here: see the HTML report._")
    return "\n\n".join(kept) + "\n"


def _blocks(report: Report) -> Iterator[str]:
    yield f"## {MARKS[report.verdict]} {_text(report.title)}: migrations {report.verdict}"
    yield f"{_text(report.summary)}."
    yield _totals(report)
    yield from _section("Failures", _failures(report))
    yield from _section("Revisions that failed", _grid(report))
    yield from _section("Differences across versions", _differences(report))
    yield from _section("Known exceptions", _exceptions(report))
    yield from _section("Slowest revisions", _slowest(report))


def _section(heading: str, blocks: Iterable[str]) -> Iterator[str]:
    found = list(blocks)
    if found:
        yield f"### {heading}"
        yield from found


def _totals(report: Report) -> str:
    columns = [*grid.SEVERITY[::-1]]
    heads = ["PostgreSQL", "result", *(f"proofs {one.replace('-', ' ')}" for one in columns)]
    rows = []
    for cell in report.cells:
        proofs, tests = grid.proofs(cell), grid.tests(cell)
        support, old = end_of_life(cell.postgres, report.day)
        result = f"{MARKS[cell.outcome]} {cell.outcome}"
        rows.append(
            [
                _text(report.labels[cell.name]),
                f"{result}: {_text(cell.reason)}" if cell.reason else result,
                *(str(proofs[one] or "") for one in columns),
                str(tests.total() or ""),
                str(tests["failed"] or ""),
                seconds(cell.seconds) if cell.seconds else "",
                f"⚠ {support}" if old else support,
            ]
        )
    heads += ["tests", "tests failed", "seconds", "support"]
    return _table(heads, rows, right=range(2, len(heads) - 1))


def _failures(report: Report) -> Iterator[str]:
    for problem in report.problems:
        yield f"**{_text(problem.message)}** ({_code(problem.code)})\n\nRemedy: {_text(problem.remedy)}"
    for one in (*report.failures, *report.failed_tests):
        yield _failure(one)


def _failure(one: Failure) -> str:
    message = harmless(one.message).strip()
    parts = [
        f"**{_text(one.name)}**{_revision(one.revision)} on {_text(servers(one.on))} ({_code(one.code)})"
    ]
    parts.append(_fence([message]) if "\n" in message else _text(message))
    parts += [f"Remedy: {_text(one.remedy)}"] if one.remedy else []
    return "\n\n".join(filter(None, [*parts, _fence(one.details)]))


def _grid(report: Report) -> Iterator[str]:
    rows = [
        [
            f"{_code(row.name)} {_text(row.message)}".strip(),
            *(_square(row.squares.get(one.name)) for one in report.cells),
        ]
        for row in grid.revision_rows(report)
        if any(square.outcome == "failed" for square in row.squares.values())
    ]
    if rows:
        heads = ["revision", *(_text(report.labels[one.name]) for one in report.cells)]
        yield _table(heads, rows, right=range(1, len(heads)))


def _square(square: grid.Square | None) -> str:
    if square is None:
        return ""
    spent = f" {seconds(square.seconds)}" if square.seconds is not None else ""
    return f"{MARKS[square.outcome]}{spent}"


def _differences(report: Report) -> Iterator[str]:
    for one in report.divergences:
        yield _difference(one)
    for label, why in report.comparison.left_out.items():
        yield f"PostgreSQL {_text(label)} was not compared: {_text(why)}."


def _difference(one: Divergence) -> str:
    values = _fence(one.details) if one.name else ""
    parts = [
        f"**{_text(one.message)}** ({_code(one.code)})",
        values,
        f"Remedy: {_text(one.remedy)}",
    ]
    return "\n\n".join(filter(None, parts))


def _exceptions(report: Report) -> Iterator[str]:
    lines = [
        f"- {_text(one.name)}{_revision(one.revision)} on {_text(servers(one.on))} ({_code(one.code)}): {_text(one.message)}"
        for one in report.excepted
    ]
    lines += [f"- {_text(one.message)}: {_text(one.reason)}" for one in report.accepted]
    if lines:
        yield "\n".join(lines)


def _slowest(report: Report) -> Iterator[str]:
    rows = [
        [
            f"{_code(one.revision)} {_text(one.message)}".strip(),
            "up" if one.upgrade else "down",
            seconds(one.seconds),
            _text(one.label),
        ]
        for one in grid.slowest(report)
    ]
    if rows:
        yield _table(["revision", "step", "seconds", "on PostgreSQL"], rows, right=(2, 3))


def _table(heads: Sequence[str], rows: Iterable[Sequence[str]], *, right: Iterable[int]) -> str:
    right = set(right)
    rule = ["--:" if place in right else "---" for place in range(len(heads))]
    return "\n".join(f"| {' | '.join(row)} |" for row in (heads, rule, *rows))


def _revision(revision: str | None) -> str:
    return f" {_code(revision)}" if revision else ""


def _text(words: str) -> str:
    return _SPECIAL.sub(r"\\\1", escape(one_line(words), quote=False))


def _code(words: str) -> str:
    return _text(words) if set(words) & {"`", "|", "\\"} or not words else f"`{one_line(words)}`"


def _fence(lines: Sequence[str]) -> str:
    """Return texts as a block of code, whose fence is longer than any in it."""
    text = bounded("\n".join(harmless(line) for line in lines))
    if not text.strip():
        return ""
    longest = max((len(one) for one in re.findall(r"`+", text)), default=0)
    fence = "`" * max(3, longest + 1)
    return f"{fence}text\n{text}\n{fence}"
