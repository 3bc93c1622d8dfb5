"""The grid of the report: what each proof and each revision gave on each version; pure."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from dbtasks.matrix.cells import Cell
    from dbtasks.matrix.report import Report
    from dbtasks.results import Revision

# From the worst on: a row's cell is the worst of what its proofs gave.
SEVERITY = ("failed", "not-reached", "excepted", "skipped", "passed")


@dataclass(frozen=True, kw_only=True)
class Square:
    """What one row gave on one version: one of SEVERITY, and the seconds that it took if known."""

    outcome: str
    seconds: float | None


@dataclass(frozen=True, kw_only=True)
class Row:
    """One row: a proof of the whole history, or a revision; `squares` has the cells' names."""

    name: str
    message: str
    squares: Mapping[str, Square]


@dataclass(frozen=True, kw_only=True)
class Slow:
    """A revision's step, up or down, that took long, on the version where it took longest (a label)."""

    revision: str
    message: str
    upgrade: bool
    seconds: float
    label: str


def proof_rows(report: Report) -> list[Row]:
    """Return a row per proof of the whole history, in the order in which they ran."""
    names = dict.fromkeys(
        one.proof for cell in report.cells for one in cell.proofs if one.revision is None
    )
    found = {cell.name: _worst(cell, by_proof=True) for cell in report.cells}
    return [_row(name, "", report.cells, found) for name in names]


def revision_rows(report: Report) -> list[Row]:
    """Return a row per revision, newest first; those that no history has come before all others."""
    found = {cell.name: _worst(cell, by_proof=False) for cell in report.cells}
    known = {one.revision: one for one in _revisions(report)}
    strange = {name for squares in found.values() for name in squares} - set(known)
    rows = [_row(name, "", report.cells, found) for name in sorted(strange)]
    newest_first = reversed(known.values())
    rows += [_row(one.revision, one.message, report.cells, found) for one in newest_first]
    return rows


def slowest(report: Report, number: int = 10) -> list[Slow]:
    """Return the steps that took longest, each where it did."""
    messages = {one.revision: one.message for one in _revisions(report)}
    names = report.labels
    found: dict[tuple[str, bool], Slow] = {}
    for cell in report.cells:
        for step in cell.steps:
            other = found.get((step.revision, step.upgrade))
            if other is None or other.seconds < step.seconds:
                found[step.revision, step.upgrade] = Slow(
                    revision=step.revision,
                    message=messages.get(step.revision, ""),
                    upgrade=step.upgrade,
                    seconds=step.seconds,
                    label=names[cell.name],
                )
    return sorted(found.values(), key=lambda one: -one.seconds)[:number]


def proofs(cell: Cell) -> Counter[str]:
    """Count a cell's proofs by their outcome."""
    return Counter(one.outcome for one in cell.proofs)


def tests(cell: Cell) -> Counter[str]:
    """Count the project's own tests in a cell by their outcome."""
    return Counter(one.outcome for one in cell.tests)


def _revisions(report: Report) -> list[Revision]:
    """Return the longest history, and after it what only others have."""
    found = {one.revision: one for one in report.history}
    for cell in report.cells:
        for one in cell.history:
            found.setdefault(one.revision, one)
    return list(found.values())


def _row(
    name: str, message: str, cells: Iterable[Cell], found: Mapping[str, Mapping[str, Square]]
) -> Row:
    squares = {one.name: found[one.name][name] for one in cells if name in found[one.name]}
    return Row(name=name, message=message, squares=squares)


def _worst(cell: Cell, *, by_proof: bool) -> dict[str, Square]:
    """Return the worst outcome per proof of the whole history, or per revision.

    A revision's seconds are those of its slowest upgrade; without one, those of all its proofs.
    """
    outcomes: dict[str, list[str]] = {}
    times: dict[str, float] = {}
    for one in cell.proofs:
        key = one.proof if by_proof and one.revision is None else one.revision
        if key is None or (by_proof and one.revision is not None):
            continue
        outcomes.setdefault(key, []).append(one.outcome)
        times[key] = times.get(key, 0.0) + one.seconds
    steps: dict[str, float] = {}
    for step in cell.steps if not by_proof else ():
        if step.upgrade:
            steps[step.revision] = max(steps.get(step.revision, 0.0), step.seconds)
    return {
        key: Square(
            outcome=min(given, key=SEVERITY.index), seconds=steps.get(key, times[key] or None)
        )
        for key, given in outcomes.items()
    }
