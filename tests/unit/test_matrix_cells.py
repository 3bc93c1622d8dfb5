"""The files of the matrix cells: what is written is what is read, and nothing else is."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from dbtasks.errors import UsageError
from dbtasks.matrix.cells import (
    Cell,
    ProofResult,
    RevisionChanges,
    StepTime,
    TestResult,
    read_cell,
    read_cells,
    write_cell,
)
from drawn import history

if TYPE_CHECKING:
    from pathlib import Path

CELL = Cell(
    name="pg17",
    postgres=17,
    version="17.11",
    kind="docker",
    outcome="failed",
    reason="1 proof failed",
    started="2026-11-25T01:45:18+00:00",
    seconds=12.5,
    history=tuple(reversed(history("b < a | Übermäßig 🚀 | | main\na"))),
    proofs=(
        ProofResult(proof="single-head", outcome="passed", seconds=0.01),
        ProofResult(
            proof="stairway",
            outcome="failed",
            code="left-over",
            revision="b",
            seconds=0.2,
            message="going down from b leaves enum public.mood\x00\udcff behind",
            remedy="drop it",
            details=("enum public.mood",),
        ),
    ),
    steps=(StepTime(revision="a", upgrade=True, seconds=0.1),),
    tests=(TestResult(name="tests/test_shop.py::test_it", outcome="passed", seconds=1),),
    changes=(
        RevisionChanges(
            revision="a", objects={"table public.a": {"owner": "o", "grants": ["x", 1, None]}}
        ),
        RevisionChanges(revision="b", objects={"table public.a": None}),
    ),
)


def test_what_is_written_is_read(tmp_path: Path) -> None:
    path = tmp_path / "db" / "pg17" / "result.json"
    write_cell(path, Cell(name="pg17", postgres=17, outcome="unfinished"))
    assert read_cell(path) == Cell(name="pg17", postgres=17, outcome="unfinished")
    write_cell(path, CELL)
    assert read_cell(path) == CELL
    assert [one.name for one in path.parent.iterdir()] == ["result.json"]


def test_the_cells_of_a_folder_come_in_the_order_of_their_majors(tmp_path: Path) -> None:
    for name, major in (("pg9", 9), ("pg18", 18), ("pg14", 14)):
        cell = replace(CELL, name=name, postgres=major)
        write_cell(tmp_path / "an artifact" / name / "result.json", cell)
    assert [one.name for one in read_cells(tmp_path)] == ["pg9", "pg14", "pg18"]
    assert read_cells(tmp_path / "none") == ()


def test_two_results_of_one_cell(tmp_path: Path) -> None:
    paths = [tmp_path / one / "result.json" for one in ("a", "b")]
    for path in paths:
        write_cell(path, CELL)
    with pytest.raises(UsageError) as raised:
        read_cells(tmp_path)
    assert raised.value.message == f"{paths[0]} and {paths[1]} are both results of the cell pg17"
    assert raised.value.remedy == "remove the one that is not of this run"


def written(**changes: Any) -> bytes:
    document: dict[str, Any] = {
        "format": "dbtasks-cell",
        "version": 1,
        "cell": {"name": "pg17", "postgres": 17, "outcome": "passed", "a later key": 1},
    }
    cell = {**document["cell"], **changes.pop("cell", {})}
    return json.dumps({**document, "cell": cell, **changes}).encode()


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (b"", "is damaged: Expecting value: line 1 column 1 (char 0)"),
        (
            written()[:-9],
            "is damaged: Unterminated string starting at: line 1 column 104 (char 103)",
        ),
        (b"[" * 100_000, "is damaged: "),
        (b"\xff\xfe\x00", "is damaged: "),
        (written(cell={"seconds": float("nan")}), "is damaged: NaN is no number"),
        (written(cell={"seconds": 10**400}), "is damaged: cell.seconds is no number"),
        (b"[]", "is no result of a cell"),
        (b'{"name": "pg17"}', "is no result of a cell"),
        (written(version=2), "has version 2 of the format, and this dbtasks reads 1"),
        (
            written(cell={"outcome": "fine"}),
            "is damaged: cell.outcome is none of passed, failed, skipped, unfinished",
        ),
        (
            written(cell={"proofs": [{"proof": "rows"}]}),
            "is damaged: cell.proofs[0] has no outcome",
        ),
        (written(cell={"postgres": True}), "is damaged: cell.postgres is no whole number"),
        (written(cell={"tests": {}}), "is damaged: cell.tests is no list"),
        (written(cell={"history": ["a"]}), "is damaged: cell.history[0] is no object"),
        (
            written(cell={"changes": [{"revision": "a", "objects": {"table a": 3}}]}),
            'is damaged: cell.changes[0].objects["table a"] is no object',
        ),
    ],
)
def test_a_damaged_or_foreign_file(content: bytes, problem: str, tmp_path: Path) -> None:
    path = tmp_path / "result.json"
    path.write_bytes(content)
    with pytest.raises(UsageError) as raised:
        read_cell(path)
    message = raised.value.message
    assert message.startswith(f"the result {path} {problem}")
    assert problem.endswith(": ") or message == f"the result {path} {problem}"
    assert "\n" not in message
    assert raised.value.remedy == "remove its folder and run that cell again"


def test_a_file_that_cannot_be_read_or_written(tmp_path: Path) -> None:
    (tmp_path / "result.json").mkdir()
    with pytest.raises(UsageError) as raised:
        read_cell(tmp_path / "result.json")
    assert raised.value.message == (
        f"the result {tmp_path / 'result.json'} cannot be read: Is a directory"
    )
    (tmp_path / "pg17").touch()
    with pytest.raises(UsageError) as raised:
        write_cell(tmp_path / "pg17" / "result.json", CELL)
    assert raised.value.message == (
        f"the result {tmp_path / 'pg17' / 'result.json'} cannot be written: File exists"
    )


def test_a_draft_does_not_stay_when_the_file_cannot_be_replaced(tmp_path: Path) -> None:
    (tmp_path / "result.json" / "in the way").mkdir(parents=True)
    with pytest.raises(UsageError):
        write_cell(tmp_path / "result.json", CELL)
    assert [one.name for one in tmp_path.iterdir()] == ["result.json"]
