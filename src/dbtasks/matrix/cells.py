"""The result of a cell: one PostgreSQL major's run of proofs and tests, kept in a JSON file.

A cell is written with the outcome `unfinished` before anything runs, and once more when all is done:
what a killed run leaves is seen as unfinished.
"""

from __future__ import annotations

import json
import os
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from dbtasks.errors import UsageError
from dbtasks.matrix.decode import (
    Damaged,
    flag,
    listed,
    mapping,
    number,
    one_of,
    optional,
    record,
    text,
    whole,
)
from dbtasks.results import Revision

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

FILE_NAME = "result.json"
CELL_OUTCOMES = ("passed", "failed", "skipped", "unfinished")
PROOF_OUTCOMES = ("passed", "failed", "excepted", "skipped", "not-reached")
TEST_OUTCOMES = ("passed", "failed", "skipped")
_FORMAT, _VERSION = "dbtasks-cell", 1


@dataclass(frozen=True, kw_only=True)
class ProofResult:
    """What a proof found, about one revision or (`revision` None) about the whole history.

    `outcome` is one of PROOF_OUTCOMES; `code` is stable, and empty where the proof passed; the message
    of an excepted one is the reason why it was accepted.
    """

    proof: str
    outcome: str
    code: str = ""
    revision: str | None = None
    seconds: float = 0.0
    message: str = ""
    remedy: str = ""
    details: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class StepTime:
    """How long one revision took, up or down."""

    revision: str
    upgrade: bool
    seconds: float


@dataclass(frozen=True, kw_only=True)
class TestResult:
    """One of the project's own tests; `outcome` is one of TEST_OUTCOMES."""

    __test__ = False  # pytest would take it for a class of tests

    name: str
    outcome: str
    seconds: float = 0.0
    message: str = ""


@dataclass(frozen=True, kw_only=True)
class RevisionChanges:
    """What one revision changed in the normalised fingerprint; every revision that ran has one.

    `revision` is empty for what `setup_sql` made before the first. `objects` has, for each key that the revision added or changed, all properties that the object has
    afterwards (values as JSON has them), and None for one that it removed.
    """

    revision: str
    objects: Mapping[str, Mapping[str, Any] | None]


@dataclass(frozen=True, kw_only=True)
class Cell:
    """One cell of the matrix; `name` is its folder's, `started` is ISO 8601 in UTC.

    `outcome` is one of CELL_OUTCOMES, `reason` says why it is not `passed`; `version` is the server's,
    such as "17.11", empty when there was none; `history` and `changes` are oldest first.
    """

    name: str
    postgres: int
    outcome: str
    version: str = ""
    kind: str = ""
    reason: str = ""
    started: str = ""
    seconds: float = 0.0
    history: tuple[Revision, ...] = ()
    proofs: tuple[ProofResult, ...] = ()
    steps: tuple[StepTime, ...] = ()
    tests: tuple[TestResult, ...] = ()
    changes: tuple[RevisionChanges, ...] = ()


def write_cell(path: Path, cell: Cell) -> None:
    """Write a cell's file in one step, its folder too; readers see the old one or the new one.

    Raises:
        UsageError: the file cannot be written.
    """
    document = {"format": _FORMAT, "version": _VERSION, "cell": asdict(cell)}
    draft = path.with_name(f"{path.name}.draft-{os.getpid()}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            draft.write_text(json.dumps(document, allow_nan=False) + "\n", encoding="ascii")
            draft.replace(path)
        finally:
            draft.unlink(missing_ok=True)
    except OSError as error:
        raise UsageError(
            f"the result {path} cannot be written: {error.strerror}",
            remedy="let the setting results_dir (DBTASKS_RESULTS_DIR) name a folder that you may write",
            code="result-file",
        ) from error


def read_cell(path: Path) -> Cell:
    """Read a cell's file.

    Raises:
        UsageError: it cannot be read, it is damaged, or another version of dbtasks wrote it.
    """
    try:
        document = json.loads(path.read_bytes(), parse_constant=_no_constant)
    except OSError as error:
        raise _unreadable(path, f"cannot be read: {error.strerror}") from error
    except (ValueError, RecursionError) as error:
        raise _unreadable(path, f"is damaged: {error}") from error
    if not isinstance(document, dict) or document.get("format") != _FORMAT:
        raise _unreadable(path, "is no result of a cell")
    if document.get("version") != _VERSION:
        raise _unreadable(
            path,
            f"has version {document.get('version')} of the format, and this dbtasks reads {_VERSION}",
        )
    try:
        return _CELL(document.get("cell"), "cell")
    except Damaged as error:
        raise _unreadable(path, f"is damaged: {error}") from error


def read_cells(folder: Path) -> tuple[Cell, ...]:
    """Read the cells in a folder, wherever in it they are, ordered by major and name.

    Raises:
        UsageError: a file is not readable, or two are of one cell.
    """
    found: dict[str, tuple[Path, Cell]] = {}
    for path in sorted(folder.rglob(FILE_NAME)):
        cell = read_cell(path)
        if cell.name in found:
            raise UsageError(
                f"{found[cell.name][0]} and {path} are both results of the cell {cell.name}",
                remedy="remove the one that is not of this run",
                code="result-file",
            )
        found[cell.name] = path, cell
    cells = (cell for _, cell in found.values())
    return tuple(sorted(cells, key=lambda one: (one.postgres, one.name)))


def _no_constant(name: str) -> float:
    raise ValueError(f"{name} is no number")


def _unreadable(path: Path, problem: str) -> UsageError:
    return UsageError(
        f"the result {path} {problem}",
        remedy="remove its folder and run that cell again",
        code="result-file",
    )


_TEXTS = listed(text)
_REVISION = record(
    Revision,
    revision=text,
    down_revision=_TEXTS,
    message=text,
    path=text,
    is_head=flag,
    is_current=flag,
    branch_labels=_TEXTS,
    depends_on=_TEXTS,
    date=optional(text),
    author=optional(text),
)
_PROOF = record(
    ProofResult,
    proof=text,
    outcome=one_of(PROOF_OUTCOMES),
    code=text,
    revision=optional(text),
    seconds=number,
    message=text,
    remedy=text,
    details=_TEXTS,
)
_STEP = record(StepTime, revision=text, upgrade=flag, seconds=number)
_TEST = record(TestResult, name=text, outcome=one_of(TEST_OUTCOMES), seconds=number, message=text)
_CHANGES = record(RevisionChanges, revision=text, objects=mapping(optional(mapping())))
_CELL = record(
    Cell,
    name=text,
    postgres=whole,
    outcome=one_of(CELL_OUTCOMES),
    version=text,
    kind=text,
    reason=text,
    started=text,
    seconds=number,
    history=listed(_REVISION),
    proofs=listed(_PROOF),
    steps=listed(_STEP),
    tests=listed(_TEST),
    changes=listed(_CHANGES),
)
