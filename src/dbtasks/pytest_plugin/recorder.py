"""The result of a run of proofs, collected from pytest's reports and written as one cell of the matrix."""

from __future__ import annotations

import os
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dbtasks.matrix.cells import (
    Cell,
    ProofResult,
    RevisionChanges,
    StepTime,
    TestResult,
    write_cell,
)
from dbtasks.results import Revision

if TYPE_CHECKING:
    import pytest

    from dbtasks.pytest_plugin.run import Run

# What proofs whose fixtures cannot be had are kept under.
_ERROR, _UNAVAILABLE = "error", "unavailable"


class Recorder:
    """Writes the cell `unfinished` before anything runs, and anew when all has run."""

    def __init__(self, config: pytest.Config, run: Run) -> None:
        self._path = Path(config.invocation_params.dir, config.getoption("dbtasks_result"))
        self._run = run
        self._began = time.perf_counter()
        self._started = datetime.now(UTC).isoformat(timespec="seconds")
        self._proofs: dict[str, ProofResult] = {}
        self._tests: dict[str, TestResult] = {}
        self._told: dict[str, dict[str, Any]] = {}
        self._failure = ""
        write_cell(self._path, self._cell("unfinished", "it did not run to its end"))

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Keep what one phase of one test came to."""
        told = getattr(report, "dbtasks", None)
        if report.when != "call" and report.passed:
            return
        if told is None:
            self._keep_test(report)
        else:
            self._told[report.nodeid] = told
            self._keep_proof(report, told)

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        """Keep why tests could not be collected."""
        if report.failed:
            self._failure = f"{report.nodeid} could not be collected"

    def pytest_sessionfinish(self, exitstatus: int) -> None:
        """Write the result; an interrupted run stays unfinished."""
        if exitstatus == 2 and not self._failure:  # interrupted
            return
        outcome, reason = self._verdict(exitstatus)
        write_cell(self._path, self._cell(outcome, reason))

    def _keep_proof(self, report: pytest.TestReport, told: dict[str, Any]) -> None:
        if "outcome" not in told:  # its fixtures failed, or were skipped
            told = {
                **told,
                "outcome": "failed" if report.failed else "skipped",
                "code": _ERROR if report.failed else _UNAVAILABLE,
                "message": _words(report),
            }
        kept = {key: told[key] for key in told if key in ProofResult.__dataclass_fields__}
        self._proofs[report.nodeid] = ProofResult(**{"seconds": report.duration, **kept})

    def _keep_test(self, report: pytest.TestReport) -> None:
        before = self._tests.get(report.nodeid)
        if before is None or report.failed:
            self._tests[report.nodeid] = TestResult(
                name=report.nodeid,
                outcome=report.outcome,
                seconds=report.duration,
                message="" if report.passed else _words(report),
            )

    def _verdict(self, exitstatus: int) -> tuple[str, str]:
        proofs = self._proofs.values()
        outcomes = [one.outcome for one in proofs] + [one.outcome for one in self._tests.values()]
        failed = outcomes.count("failed")
        if self._failure or failed:
            errors = {one.message for one in proofs if one.code == _ERROR}
            reason = f"{failed} of {len(outcomes)} failed"
            return "failed", self._failure or (errors.pop() if len(errors) == 1 else reason)
        unavailable = [one for one in proofs if one.code == _UNAVAILABLE]
        if unavailable and len(unavailable) == len(proofs):
            return "skipped", unavailable[0].message
        if not {"passed", "excepted"} & set(outcomes):
            return "failed", "nothing was proven: no test ran"
        if exitstatus not in {0, 5}:
            return "failed", f"pytest ended with exit code {exitstatus}"
        return "passed", ""

    def _cell(self, outcome: str, reason: str) -> Cell:
        told = [one for one in self._told.values() if one]
        major = self._run.wanted.postgres
        return Cell(
            name=f"pg{major}",
            postgres=major,
            outcome=outcome,
            reason=reason,
            version=next((one["version"] for one in told if one.get("version")), ""),
            kind=next((one["kind"] for one in told if one.get("kind")), ""),
            started=self._started,
            seconds=time.perf_counter() - self._began,
            history=self._history(),
            proofs=tuple(self._proofs.values()),
            steps=tuple(StepTime(**step) for one in told for step in one.get("steps", ())),
            tests=tuple(self._tests.values()),
            changes=tuple(
                RevisionChanges(revision=revision, objects=objects)
                for one in told
                for revision, objects in one.get("changes", {}).items()
            ),
        )

    def _history(self) -> tuple[Revision, ...]:
        history = self._run.history
        heads = history.effective_heads
        return tuple(
            Revision(
                revision=one.revision,
                down_revision=one.down_revision,
                message=one.message,
                path=os.path.relpath(one.path, self._run.wanted.root),
                is_head=one.revision in heads,
                is_current=False,
                branch_labels=one.branch_labels,
                depends_on=one.depends_on,
                date=one.date,
            )
            for one in reversed(history.ordered())
        )


def _words(report: pytest.TestReport) -> str:
    """Return what a failure or a skip says, without the traceback."""
    if isinstance(report.longrepr, tuple):  # of a skip: file, line, reason
        return str(report.longrepr[2]).removeprefix("Skipped: ")
    crash = getattr(report.longrepr, "reprcrash", None)
    return str(crash.message if crash is not None else report.longrepr or "")
