"""What a benchmark is: two sides, and the ratio that is wanted of them."""

from __future__ import annotations

import statistics
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from contextlib import AbstractContextManager
    from pathlib import Path

    from benchmarks.lab import Lab


class BenchmarkError(Exception):
    """A side failed, printed nothing, or the two sides did not come to the same."""


class LeftOutError(Exception):
    """What the benchmark needs is not on this machine."""


@dataclass(frozen=True, kw_only=True)
class Run:
    """What pyperf says of a command that was run, and what the command printed at last."""

    seconds: tuple[float, ...]
    peak_memory: int
    output: str


def seconds(run: Run) -> float:
    """Return the median seconds of a run."""
    return statistics.median(run.seconds)


def megabytes(run: Run) -> float:
    """Return the peak memory of a run, of its largest process."""
    return run.peak_memory / 2**20


def prints(*expected: str) -> Callable[[Run], object]:
    """Return a look at a run's output that fails unless all of these are in it."""

    def look(run: Run) -> object:
        missing = [text for text in expected if text not in run.output]
        if missing:
            raise BenchmarkError(f"{missing} not printed, but: {run.output[-2000:]}")
        return None

    return look


def nothing(*_: object) -> None:
    """Do nothing before or after a run."""


@dataclass(frozen=True, kw_only=True)
class Side:
    """A command, the folder to run it in, and what its environment has beside a few variables.

    `before` and `after` are called around each run and not measured. `found` says what a run came to: it
    raises `BenchmarkError` when that is wrong, and both sides have to return the same. `figure` is what counts.
    With several `values` the command runs as often between `before` and `after`.
    """

    name: str
    argv: tuple[str, ...]
    folder: Path
    found: Callable[[Run], object]
    environ: Mapping[str, str] = field(default_factory=dict)
    before: Callable[[], None] = nothing
    after: Callable[[Run], None] = nothing
    figure: Callable[[Run], float] = seconds
    values: int = 1


@dataclass(frozen=True, kw_only=True)
class Benchmark:
    """A row of the table. `prepare` yields our side and the peer's, ready to be run.

    `warm_up` says which sides run once before, unmeasured: "both", "ours" or "none".
    """

    name: str
    what: str
    peer: str
    target: float
    prepare: Callable[[Lab], AbstractContextManager[tuple[Side, Side]]]
    rounds: int = 5
    unit: str = "s"
    warm_up: str = "both"
