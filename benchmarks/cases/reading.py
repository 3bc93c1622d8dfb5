"""Commands that read a large history."""

from __future__ import annotations

import contextlib
import re
import shutil
import time
from typing import TYPE_CHECKING

from benchmarks.benchmark import Benchmark, BenchmarkError, Run, Side, nothing
from benchmarks.lab import Lab, alembic, external, invoke

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from contextlib import AbstractContextManager
    from pathlib import Path

_REVISION = re.compile(r"\b[0-9a-f]{12}\b")


def revisions(run: Run) -> object:
    """Return the revisions that are told."""
    told = frozenset(_REVISION.findall(run.output))
    if not told:
        raise BenchmarkError(f"no revision printed, but: {run.output[-2000:]}")
    return told


def _read(
    task: str, command: str, *, cold: bool = False
) -> Callable[[Lab], AbstractContextManager[tuple[Side, Side]]]:
    @contextlib.contextmanager
    def prepare(lab: Lab) -> Iterator[tuple[Side, Side]]:
        folder, url = lab.large()
        time.sleep(2.1)  # younger files are not cached
        yield (
            Side(
                name=f"invoke {task}",
                argv=invoke(task),
                folder=folder,
                environ=external(url),
                before=_forgetting(folder) if cold else nothing,
                found=revisions,
            ),
            Side(
                name=f"alembic {command}",
                argv=alembic(command),
                folder=folder,
                found=revisions,
            ),
        )

    return prepare


def _forgetting(folder: Path) -> Callable[[], None]:
    return lambda: shutil.rmtree(folder / ".dbtasks", ignore_errors=True)


def _row(name: str, what: str, peer: str, target: float, *, cold: bool = False) -> Benchmark:
    task = what.partition(",")[0]
    return Benchmark(
        name=name,
        what=what,
        peer=peer,
        target=target,
        prepare=_read(task, peer.removeprefix("alembic "), cold=cold),
        rounds=7,
    )


BENCHMARKS = (
    _row("heads-warm", "db.heads, 5,000 revisions, warm", "alembic heads", 0.2),
    _row("heads-cold", "db.heads, 5,000 revisions, no cache", "alembic heads", 0.6, cold=True),
    _row("history", "db.history, 5,000 revisions", "alembic history", 0.3),
    _row("status", "db.status, 5,000 revisions", "alembic current", 0.3),
)
