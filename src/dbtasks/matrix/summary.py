"""The report as text for a terminal: 80 columns, aligned, without colour; pure."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING

from dbtasks.matrix import grid
from dbtasks.matrix.wording import count, end_of_life, harmless, one_line, seconds, servers
from dbtasks.pictures.cells import cells

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from dbtasks.matrix.findings import Failure
    from dbtasks.matrix.report import Report

WIDTH = 80
_MOST, _LINES = 20, 10  # findings that are shown, and lines of each one's details


def summary(report: Report) -> str:
    """Return the text, which ends with a newline."""
    lines = _wrapped(f"{report.title}: migrations {report.verdict}", "")
    lines += _wrapped(f"{report.summary}.", "")
    lines += ["", *_totals(report)]
    notes = list(_notes(report))
    lines += ["", *notes] if notes else []
    found = list(_findings(report))
    for finding in found[:_MOST]:
        lines += ["", *finding]
    if len(found) > _MOST:
        lines += ["", f"and {len(found) - _MOST} more, which the HTML report shows"]
    return "\n".join(line.rstrip() for line in lines) + "\n"


def _totals(report: Report) -> list[str]:
    tallies = {one.name: grid.proofs(one) for one in report.cells}
    outcomes = [
        one
        for one in ("passed", *grid.SEVERITY[:-1])
        if one in {"passed", "failed"} or any(tally[one] for tally in tallies.values())
    ]
    tested = any(one.tests for one in report.cells)
    rows = [["version", "result", *(one.replace("-", " ") for one in outcomes)]]
    rows[0] += ["tests"] * tested + ["seconds"]
    for cell in report.cells:
        tests = grid.tests(cell)
        row = [one_line(report.labels[cell.name]), cell.outcome]
        row += [str(tallies[cell.name][one]) if cell.proofs else "" for one in outcomes]
        row += [f"{tests['passed']}/{tests.total()}" if cell.tests else ""] * tested
        rows.append([*row, seconds(cell.seconds) if cell.seconds else ""])
    widths = [max(cells(row[place]) for row in rows) for place in range(len(rows[0]))]
    return ["  ".join(_aligned(row, widths)) for row in rows]


def _aligned(row: Sequence[str], widths: Sequence[int]) -> Iterator[str]:
    """Yield names to the left and numbers to the right of their columns."""
    for place, (text, width) in enumerate(zip(row, widths, strict=True)):
        space = " " * (width - cells(text))
        yield text + space if place < 2 else space + text


def _notes(report: Report) -> Iterator[str]:
    for cell in report.cells:
        label = report.labels[cell.name]
        if cell.reason:
            yield from _wrapped(f"PostgreSQL {label} {cell.outcome}: {cell.reason}", "")
        support, old = end_of_life(cell.postgres, report.day)
        if old:
            yield from _wrapped(f"PostgreSQL {label}: {support}", "")
    for label, why in report.comparison.left_out.items():
        yield from _wrapped(f"PostgreSQL {label} was not compared with the others: {why}", "")
    number = len(report.excepted) + len(report.accepted)
    if number:
        yield f"{count(number, 'known exception')} excused, with reasons in the report"


def _findings(report: Report) -> Iterator[list[str]]:
    for problem in report.problems:
        yield _finding(f"{problem.code}: {problem.message}", problem.remedy)
    for one in report.failures:
        about = f"{one.name} of revision {one.revision}" if one.revision else one.name
        yield _failure(about, one)
    for one in report.failed_tests:
        yield _failure(one.name, one)
    for divergence in report.divergences:
        yield _finding(f"{divergence.code}: {divergence.message}", divergence.remedy)


def _failure(about: str, one: Failure) -> list[str]:
    message = harmless(one.message).strip().splitlines() or [""]
    text = f"{one.code}: {about} on {servers(one.on)}: {message[0]}"
    details = [*message[1:], *(line for each in one.details for line in harmless(each).split("\n"))]
    return _finding(text, one.remedy, details)


def _finding(text: str, remedy: str, details: Sequence[str] = ()) -> list[str]:
    lines = _wrapped(text, "    ")
    for line in details[:_LINES]:
        lines += _wrapped(line, "    ", first="    ")
    if len(details) > _LINES:
        lines.append(f"    ... {count(len(details) - _LINES, 'more line')}")
    return lines + (_wrapped(f"remedy: {remedy}", "      ", first="    ") if remedy else [])


def _wrapped(text: str, indent: str, *, first: str = "") -> list[str]:
    plain = one_line(text) if not first else harmless(text)
    return textwrap.wrap(
        plain,
        WIDTH,
        initial_indent=first,
        subsequent_indent=indent,
        break_on_hyphens=False,
        drop_whitespace=True,
    )
