"""What is wrong: with a cell, with the matrix, and in the same way on several cells; pure."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, TypeAlias

from dbtasks.matrix.across import OTHER_HISTORY
from dbtasks.matrix.wording import listing
from dbtasks.proof_exceptions import PROOFS, PROOFS_PER_REVISION

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from dbtasks.matrix.across import Comparison
    from dbtasks.matrix.cells import Cell, ProofResult

MISSING = "missing"  # the outcome of a cell that was expected and has no result
_BROKEN = frozenset({"failed", "not-reached"})
_AGAIN = "run the session of that cell again"
_Alike: TypeAlias = "tuple[object, ...]"


@dataclass(frozen=True, kw_only=True)
class Problem:
    """Something wrong with a cell as a whole, or with the matrix."""

    code: str
    message: str
    remedy: str
    cell: str = ""


@dataclass(frozen=True, kw_only=True)
class Failure:
    """A proof or one of the project's tests that failed in the same way on some cells (labels).

    `name` is the proof's or the test's; an excepted proof's `message` is the reason.
    """

    name: str
    on: tuple[str, ...]
    message: str
    code: str = ""
    revision: str | None = None
    remedy: str = ""
    details: tuple[str, ...] = ()


def judged(cell: Cell) -> Cell:
    """Return the cell with the outcome that its proofs and tests allow."""
    failed = any(one.outcome in _BROKEN for one in cell.proofs)
    tests = any(one.outcome == "failed" for one in cell.tests)
    kept = any(one.outcome in {"passed", "excepted"} for one in cell.proofs)
    if (failed or tests) and cell.outcome in {"passed", "skipped"}:
        return replace(cell, outcome="failed")
    if cell.outcome == "passed" and not kept:
        return replace(cell, outcome="failed", reason="no proof ran")
    return cell


def problems(cells: Sequence[Cell], names: Mapping[str, str]) -> list[Problem]:
    """Return what is wrong with a cell that none of its proofs and tests tells."""
    found = []
    for cell in cells:
        said = f"PostgreSQL {names[cell.name]}"
        told = any(one.outcome == "failed" for one in cell.proofs) or any(
            one.outcome == "failed" for one in cell.tests
        )
        why = f": {cell.reason}" if cell.reason else ""
        if cell.outcome == MISSING:
            code, words, remedy = "cell-missing", f"{said} has no result", _AGAIN
        elif cell.outcome == "unfinished":
            code, words = "cell-unfinished", f"{said} did not finish{why}"
            remedy = f"{_AGAIN}; what it printed last says why it ended"
        elif cell.outcome == "failed" and not told:
            code, words = "cell-failed", f"{said} failed{why}"
            remedy = f"see what it printed, and {_AGAIN}"
        else:
            continue
        found.append(Problem(code=code, message=words, remedy=remedy, cell=cell.name))
    return found


def not_run(cells: Sequence[Cell], names: Mapping[str, str]) -> list[Problem]:
    """Return which proofs a cell that ran left out, or ran for some revisions only."""
    found = []
    for cell in cells:
        if cell.outcome not in {"passed", "failed"} or not cell.history or not cell.proofs:
            continue
        ran = Counter(one.proof for one in cell.proofs)
        wanted = {name: len(cell.history) if name in PROOFS_PER_REVISION else 1 for name in PROOFS}
        left = [
            f"{name} for {number - ran[name]} of {number} revisions" if ran[name] else name
            for name, number in wanted.items()
            if ran[name] < number
        ]
        if left:
            found.append(
                Problem(
                    code="proof-not-run",
                    message=f"PostgreSQL {names[cell.name]} did not run {listing(left)}",
                    remedy=f"{_AGAIN}, without what selects tests (-k, -m, --deselect)",
                    cell=cell.name,
                )
            )
    return found


def problems_across(
    cells: Sequence[Cell], comparison: Comparison, names: Mapping[str, str]
) -> list[Problem]:
    """Return what is wrong with the cells taken together."""
    found = [*_nothing_proved(cells), *_different_histories(cells, names)]
    found += [
        Problem(
            code="cell-not-compared",
            message=f"PostgreSQL {names[one.name]} passed and could not be compared with the others: {why}",
            remedy=_AGAIN,
            cell=one.name,
        )
        for one in cells
        if one.outcome == "passed"
        and (why := comparison.left_out.get(names[one.name]))
        and why != OTHER_HISTORY
    ]
    found += [
        Problem(
            code="exception-not-needed",
            message=f"proof_exceptions.toml excuses across-versions of revision {one.revision}"
            f" ({one.reason}), and the promise is kept",
            remedy="remove the entry",
        )
        for one in comparison.stale
    ]
    return found


def _nothing_proved(cells: Sequence[Cell]) -> Iterator[Problem]:
    if all(one.outcome == "skipped" for one in cells):
        reasons = "; ".join(dict.fromkeys(one.reason for one in cells if one.reason))
        yield Problem(
            code="nothing-proved",
            message=f"every cell was skipped{f': {reasons}' if reasons else ''}",
            remedy="provide a server for at least one major; invoke db.status says what is there",
        )


def _different_histories(cells: Sequence[Cell], names: Mapping[str, str]) -> Iterator[Problem]:
    ran = [one for one in cells if one.history]
    if len({tuple(two.revision for two in one.history) for one in ran}) > 1:
        lengths = [f"{len(one.history)} on {names[one.name]}" for one in ran]
        yield Problem(
            code="different-histories",
            message=f"the cells ran different histories (revisions: {listing(lengths)})",
            remedy="remove the results of older runs, and run all cells on the same files",
        )


def proofs(cells: Sequence[Cell], names: Mapping[str, str], outcome: str) -> tuple[Failure, ...]:
    """Return the proofs with an outcome, those that say the same together, in the history's order."""
    groups: dict[_Alike, list[tuple[str, ProofResult]]] = {}
    order: dict[str | None, int] = {}
    for cell in cells:
        for place, revision in enumerate(cell.history):
            order.setdefault(revision.revision, place)
        for one in cell.proofs:
            if one.outcome == outcome:
                alike = (one.revision, one.proof, one.code, one.message, one.remedy, one.details)
                groups.setdefault(alike, []).append((names[cell.name], one))
    found = [
        Failure(
            name=one.proof,
            on=tuple(dict.fromkeys(label for label, _ in group)),
            message=one.message,
            code=one.code,
            revision=one.revision,
            remedy=one.remedy,
            details=one.details,
        )
        for group in groups.values()
        for one in [group[0][1]]
    ]
    return tuple(sorted(found, key=lambda one: order.get(one.revision, -1)))


def failed_tests(cells: Sequence[Cell], names: Mapping[str, str]) -> tuple[Failure, ...]:
    """Return the project's tests that failed, those that say the same together."""
    groups: dict[tuple[str, str], list[str]] = {}
    for cell in cells:
        for one in cell.tests:
            if one.outcome == "failed":
                groups.setdefault((one.name, one.message), []).append(names[cell.name])
    return tuple(
        Failure(name=name, message=message, on=tuple(dict.fromkeys(on)), code="test-failed")
        for (name, message), on in groups.items()
    )
