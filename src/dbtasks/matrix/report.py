"""The report over all cells of a matrix: what is wrong, and whether anything is; pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import TYPE_CHECKING

from dbtasks.errors import UsageError
from dbtasks.matrix import findings
from dbtasks.matrix.across import Comparison, compare
from dbtasks.matrix.cells import Cell
from dbtasks.matrix.wording import count, labels, listing, servers

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

    from dbtasks.matrix.across import Exempt
    from dbtasks.matrix.divergence import Divergence
    from dbtasks.matrix.findings import Failure, Problem
    from dbtasks.results import Revision


@dataclass(frozen=True, kw_only=True)
class Report:
    """What all cells say together; each cell's `outcome` is judged anew, one may be `missing`."""

    title: str
    made: datetime
    cells: tuple[Cell, ...]
    history: tuple[Revision, ...]
    comparison: Comparison
    problems: tuple[Problem, ...]
    failures: tuple[Failure, ...]
    failed_tests: tuple[Failure, ...]
    excepted: tuple[Failure, ...]

    @property
    def labels(self) -> dict[str, str]:
        """What people call each cell, by its name."""
        return labels(self.cells)

    @property
    def divergences(self) -> tuple[Divergence, ...]:
        """The differences across versions that nobody accepted."""
        return tuple(one for one in self.comparison.divergences if not one.reason)

    @property
    def accepted(self) -> tuple[Divergence, ...]:
        """The differences across versions that the project accepts."""
        return tuple(one for one in self.comparison.divergences if one.reason)

    @property
    def verdict(self) -> str:
        """`passed` or `failed`."""
        found = self.problems or self.failures or self.failed_tests or self.divergences
        return "failed" if found else "passed"

    @property
    def summary(self) -> str:
        """What was found, or what passed, in one sentence without an end."""
        found = [
            count(len(given), noun)
            for given, noun in (
                (self.problems, "problem"),
                (self.failures, "failed proof"),
                (self.failed_tests, "failed test"),
                (self.divergences, "difference"),
            )
            if given
        ]
        names = self.labels
        ran = [names[one.name] for one in self.cells if one.outcome in {"passed", "failed"}]
        skipped = [names[one.name] for one in self.cells if one.outcome == "skipped"]
        words = listing(found) or f"Nothing found in {count(len(self.history), 'revision')}"
        where = [servers(ran)] * bool(ran) + [f"{listing(skipped)} skipped"] * bool(skipped)
        on = "; ran on" if found else " on"
        return ", ".join([f"{words}{on} {where[0]}", *where[1:]] if ran else [words, *where])

    @property
    def exit_code(self) -> int:
        """0 when everything passed, 1 when something was found."""
        return 0 if self.verdict == "passed" else 1

    @property
    def day(self) -> date:
        """The day of the run: that of the cell that started last."""
        days = [day for one in self.cells if (day := _day(one.started))]
        return max(days, default=self.made.date())


def make_report(
    cells: Iterable[Cell],
    *,
    title: str,
    made: datetime,
    expected: Collection[int] = (),
    accepted: Collection[Exempt] = (),
) -> Report:
    """Judge the cells, one by one and against each other.

    Args:
        cells: the results that there are.
        title: what the report is about, such as the database's name.
        made: when the report is made.
        expected: the majors of which a cell has to be there.
        accepted: the project's known exceptions, of which those of `across-versions` matter.

    Raises:
        UsageError: there is no cell.
    """
    given = list(cells)
    if not given:
        raise UsageError(
            "there is no result of a cell to report on",
            remedy="run the matrix first: nox -s migrations",
            code="no-results",
        )
    absent = sorted(set(expected) - {one.postgres for one in given})
    given += [Cell(name=f"pg{one}", postgres=one, outcome=findings.MISSING) for one in absent]
    judged = tuple(
        sorted((findings.judged(one) for one in given), key=lambda one: (one.postgres, one.name))
    )
    comparison = compare(judged, accepted=accepted)
    names = labels(judged)
    return Report(
        title=title,
        made=made,
        cells=judged,
        history=max((one.history for one in judged), key=len),
        comparison=comparison,
        problems=(
            *findings.problems(judged, names),
            *findings.not_run(judged, names),
            *findings.problems_across(judged, comparison, names),
        ),
        failures=findings.proofs(judged, names, "failed"),
        failed_tests=findings.failed_tests(judged, names),
        excepted=findings.proofs(judged, names, "excepted"),
    )


def _day(started: str) -> date | None:
    try:
        return datetime.fromisoformat(started).date()
    except ValueError:
        return None
