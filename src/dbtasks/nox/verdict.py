"""What the end of a pytest run and its result mean for the session; pure."""

from __future__ import annotations

import signal
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from dbtasks.matrix.cells import Cell

NO_TESTS = 5  # pytest.ExitCode.NO_TESTS_COLLECTED; pytest may not be where nox is
_USAGE = 4


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """`outcome` is passed, failed, skipped or broken (the run itself is worth nothing), `reason` one line."""

    outcome: str
    reason: str = ""


def judge(code: int, cell: Cell | None, *, postgres: int, path: str) -> Verdict:
    """Judge a run by pytest's exit code and the result that it left in `path`, None if it left none."""
    where = f"on PostgreSQL {postgres}"
    if code == NO_TESTS:
        return _broken(
            f"pytest ran no test {where}; leave some over in what selects them (-k, -m, --deselect)"
        )
    if cell is None and code == _USAGE:
        return _broken(
            f"pytest did not take its arguments {where}, as its output says;"
            " if it does not know --postgres, let install= put dbtasks into the session's environment"
        )
    if cell is None:
        return _broken(
            f"the run {where} left no result in {path} ({ended(code)}); read its output, run it again"
        )
    if cell.outcome == "unfinished":
        return _broken(
            f"the run {where} ended before it was finished ({ended(code)}); read its output, run it again"
        )
    if cell.postgres != postgres:
        return _broken(
            f"the result in {path} is of PostgreSQL {cell.postgres} and not of {postgres};"
            f' choose the session instead of passing --postgres: nox -s "NAME(pg{cell.postgres})"'
        )
    if code == 0 and cell.outcome == "failed":
        return _broken(f"the run {where} failed: {cell.reason}")
    if code:
        return Verdict(outcome="failed", reason=cell.reason)
    return Verdict(outcome=cell.outcome, reason=cell.reason)


def ended(code: int) -> str:
    """Say how a process ended."""
    if code >= 0:
        return f"pytest ended with {code}"
    try:
        return f"{signal.Signals(-code).name} ended pytest"
    except ValueError:
        return f"signal {-code} ended pytest"


def _broken(reason: str) -> Verdict:
    return Verdict(outcome="broken", reason=reason)
