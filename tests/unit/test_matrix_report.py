"""The judgement over all cells: what is wrong, and that nothing hides behind something else."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import Any

import pytest

from dbtasks.errors import UsageError
from dbtasks.matrix import grid
from dbtasks.matrix.cells import Cell, ProofResult, StepTime
from dbtasks.matrix.report import Report, make_report
from dbtasks.matrix.wording import duration, end_of_life, harmless, one_line, seconds
from matrices import (
    MADE,
    MAJORS,
    Known,
    faulty_report,
    passing,
    passing_report,
    revisions,
    with_proof,
)

FIRST = revisions(30)[0].revision


def report(*cells: Cell, **values: Any) -> Report:
    return make_report(cells, title="shop", made=MADE, **values)


def problems(*cells: Cell, **values: Any) -> list[tuple[str, str]]:
    made = report(*cells, **values)
    assert (made.verdict, made.exit_code) == ("failed", 1)
    return [(one.code, one.message) for one in made.problems]


def test_everything_passed() -> None:
    made = passing_report()
    assert (made.verdict, made.exit_code, made.problems, made.divergences) == ("passed", 0, (), ())
    assert made.summary == "Nothing found in 30 revisions on PostgreSQL 14, 15, 16, 17 and 18"
    assert made.day == date(2026, 11, 25)


def test_something_failed() -> None:
    made = faulty_report()
    assert (made.verdict, made.exit_code, made.problems) == ("failed", 1, ())
    assert made.summary == (
        "3 failed proofs, 1 failed test and 2 differences; ran on PostgreSQL 14, 15, 17 and 18, 16 skipped"
    )
    assert [(one.name, one.on) for one in made.failures] == [
        ("upgrade", ("15",)),
        ("rows", ("14",)),
        ("stairway", ("14", "15", "17", "18")),
    ]
    assert [(one.name, one.on) for one in made.failed_tests] == [
        ("tests/test_shop.py::test_refund", ("18",))
    ]
    assert [(one.code, one.message, one.on) for one in made.excepted] == [
        (
            "irreversible",
            "the old prices are gone, and nobody needs them",
            ("14", "15", "17", "18"),
        )
    ]
    assert [one.reason for one in made.accepted] == [
        "only used by a report that runs on 15 and later"
    ]


def test_no_cell_at_all() -> None:
    with pytest.raises(UsageError) as raised:
        report(expected=MAJORS)
    assert raised.value.message == "there is no result of a cell to report on"
    assert raised.value.remedy == "run the matrix first: nox -s migrations"


def test_a_cell_that_is_missing() -> None:
    made = report(passing(17), expected=(16, 17))
    assert [(one.name, one.outcome) for one in made.cells] == [
        ("pg16", "missing"),
        ("pg17", "passed"),
    ]
    assert problems(passing(17), expected=(16, 17)) == [
        ("cell-missing", "PostgreSQL 16 has no result")
    ]


def test_a_cell_that_did_not_finish() -> None:
    stopped = replace(passing(16), outcome="unfinished")
    assert problems(stopped, passing(17)) == [("cell-unfinished", "PostgreSQL 16 did not finish")]


def test_a_cell_that_failed_with_all_its_proofs_passed() -> None:
    failed = replace(passing(16), outcome="failed", reason="the server ended")
    assert problems(failed, passing(17)) == [
        ("cell-failed", "PostgreSQL 16 failed: the server ended")
    ]


@pytest.mark.parametrize("outcome", ["failed", "not-reached"])
def test_a_cell_that_calls_itself_passed_is_judged_by_its_proofs(outcome: str) -> None:
    cell = with_proof(passing(17), "rows", FIRST, outcome=outcome, code="data-loss")
    made = report(replace(cell, outcome="passed"))
    assert (made.cells[0].outcome, made.verdict) == ("failed", "failed")


def test_a_cell_in_which_no_proof_ran() -> None:
    empty = replace(passing(17), proofs=())
    skipped = tuple(replace(one, outcome="skipped") for one in passing(17).proofs)
    for cell in (empty, replace(empty, proofs=skipped)):
        assert problems(cell, passing(18)) == [
            ("cell-failed", "PostgreSQL 17 failed: no proof ran")
        ]


def test_a_skipped_cell_is_seen_and_does_not_fail() -> None:
    made = report(Cell(name="pg16", postgres=16, outcome="skipped", reason="no image"), passing(17))
    assert (made.verdict, made.exit_code) == ("passed", 0)
    assert made.summary == "Nothing found in 30 revisions on PostgreSQL 17, 16 skipped"


def test_skipped_cells_alone_prove_nothing() -> None:
    cells = [
        Cell(name=f"pg{one}", postgres=one, outcome="skipped", reason="no engine")
        for one in (16, 17)
    ]
    assert problems(*cells) == [("nothing-proved", "every cell was skipped: no engine")]


def test_cells_of_different_histories() -> None:
    assert problems(passing(16, 29), passing(17, 30), passing(18, 30)) == [
        (
            "different-histories",
            "the cells ran different histories (revisions: 29 on 16, 30 on 17 and 30 on 18)",
        )
    ]


def test_a_cell_that_passed_and_recorded_nothing_is_not_compared_in_silence() -> None:
    assert problems(replace(passing(16), changes=()), passing(17)) == [
        (
            "cell-not-compared",
            "PostgreSQL 16 passed and could not be compared with the others: it has no record of what its revisions change",
        )
    ]


def test_an_exception_that_nothing_needs() -> None:
    assert problems(passing(16), passing(17), accepted=[Known(revision=FIRST)]) == [
        (
            "exception-not-needed",
            f"proof_exceptions.toml excuses across-versions of revision {FIRST} (as agreed), and the promise is kept",
        )
    ]


def test_a_square_is_the_worst_of_its_proofs() -> None:
    outcomes = ("passed", "skipped", "excepted", "not-reached", "failed")
    for worst in range(len(outcomes)):
        proofs = tuple(
            ProofResult(proof=f"p{n}", revision="r", outcome=one, seconds=1)
            for n, one in enumerate(outcomes[: worst + 1])
        )
        cell = Cell(name="pg17", postgres=17, outcome="failed", proofs=proofs)
        (row,) = grid.revision_rows(report(cell))
        assert row.squares["pg17"] == grid.Square(outcome=outcomes[worst], seconds=worst + 1)


def test_the_rows_of_the_grid() -> None:
    made = faulty_report()
    whole = ["single-head", "upgrade", "models", "plain-owner", "base-branch"]
    assert [one.name for one in grid.proof_rows(made)] == whole
    rows = grid.revision_rows(made)
    assert [one.name for one in rows] == [one.revision for one in reversed(revisions(30))]
    assert {name: one.outcome for name, one in rows[0].squares.items()} == {
        "pg14": "passed",
        "pg15": "not-reached",
        "pg17": "passed",
        "pg18": "passed",
    }


def test_the_slowest_steps_where_they_took_longest() -> None:
    cells = [
        replace(
            passing(major, 3),
            steps=(
                StepTime(revision=FIRST, upgrade=True, seconds=major),
                StepTime(revision=FIRST, upgrade=False, seconds=20 - major),
                StepTime(revision="gone", upgrade=True, seconds=1),
            ),
        )
        for major in (14, 18)
    ]
    found = grid.slowest(report(*cells), number=2)
    assert [(one.revision, one.upgrade, one.seconds, one.label) for one in found] == [
        (FIRST, True, 18, "18"),
        (FIRST, False, 6, "14"),
    ]
    assert found[0].message == "create customer"


def test_how_long_a_major_is_supported() -> None:
    assert end_of_life(14, date(2026, 11, 12)) == ("supported until 2026-11-12", True)
    assert end_of_life(14, date(2026, 11, 13)) == ("not supported since 2026-11-12", True)
    assert end_of_life(18, date(2026, 11, 13)) == ("supported until 2030-11-14", False)
    assert end_of_life(99, date(2026, 11, 13)) == ("end of support not known", False)


def test_texts_of_others_are_made_harmless() -> None:
    given = "\x1b[31mred\x1b[0m\n\ta\u202eb\x00\udcff \ufffe🚀"
    assert one_line(given) == "red ab 🚀"
    assert harmless(given) == "red\n    ab 🚀"


def test_numbers_have_the_digits_that_are_of_use() -> None:
    assert [seconds(one) for one in (0, 0.126, 9.994, 9.996, 99.94, 99.96, 1234.5)] == [
        *("0.00", "0.13", "9.99", "10.0", "99.9", "100", "1234"),
    ]
    assert [duration(one) for one in (2, 59.4, 59.6, 61, 3600)] == [
        *("2.00 s", "59.4 s", "1 min 00 s", "1 min 01 s", "60 min 00 s"),
    ]
