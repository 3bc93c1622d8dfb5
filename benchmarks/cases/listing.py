"""What Invoke itself does with the collection: listing and completion."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

from benchmarks.benchmark import Benchmark, Run, Side, prints
from benchmarks.lab import Lab, invoke

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

BARE = "from invoke import task\n@task\ndef build(c):\n    pass\n"


def _both(*arguments: str) -> Callable[[Lab], contextlib.AbstractContextManager[tuple[Side, Side]]]:
    @contextlib.contextmanager
    def prepare(lab: Lab) -> Iterator[tuple[Side, Side]]:
        bare = lab.new_folder("bare")
        (bare / "tasks.py").write_text(BARE)
        argv = invoke(*arguments)

        def side(name: str, folder: str, found: Callable[[Run], object]) -> Side:
            where = bare if folder == "bare" else lab.new_folder(folder)
            return Side(name=name, argv=argv, folder=where, found=found, values=5)

        yield (
            side("with dbtasks", "ours", prints("db.migrate")),
            side("bare Invoke", "bare", prints("build")),
        )

    return prepare


BENCHMARKS = (
    Benchmark(
        name="invoke-list",
        what="invoke --list",
        peer="bare Invoke",
        target=1.15,
        prepare=_both("--list"),
        rounds=7,
    ),
    Benchmark(
        name="invoke-completion",
        what="invoke, completion",
        peer="bare Invoke",
        target=1.15,
        prepare=_both("--complete", "--", "invoke"),
        rounds=7,
    ),
)
