"""A test's database: a clone of the template, used and dropped, against migrating an empty one."""

from __future__ import annotations

import contextlib
import json
import statistics
import sys
from typing import TYPE_CHECKING

from benchmarks.benchmark import Benchmark, Run, Side, prints
from benchmarks.lab import Lab, alembic, content, emptied

if TYPE_CHECKING:
    from collections.abc import Iterator

# The clock is that of pyperf's runner; the pyproject.toml beside it says which server.
PROGRAM = """from pathlib import Path

import psycopg
import pyperf

from dbtasks.database import Database
from dbtasks.settings import load_settings

throwaways = Database(load_settings(root=Path.cwd())).throwaways()


def clone(loops):
    taken = 0.0
    template = throwaways.template()
    with throwaways.connected():
        for _ in range(loops):
            start = pyperf.perf_counter()
            with throwaways.clone(template) as url:
                with psycopg.connect(**url.connect_args()) as connection:
                    connection.execute("INSERT INTO t0 (name) VALUES ('somebody')")
            taken += pyperf.perf_counter() - start
    return taken


runner = pyperf.Runner(processes=1, values=20, warmups=1, loops=1)
runner.bench_time_func("clone", clone)
print("cloned")
"""


@contextlib.contextmanager
def clone(lab: Lab) -> Iterator[tuple[Side, Side]]:
    """Prepare a project that knows the server in memory, and an empty database there."""
    url = lab.database(lab.in_memory)
    ours, peers = lab.project("clone", lab.revisions), lab.project("empty", lab.revisions, url)
    (ours / "clone.py").write_text(PROGRAM)
    settings = {"url": url.libpq(), "throwaway_url": lab.in_memory.libpq()}
    lines = [f"{key} = {json.dumps(value)}\n" for key, value in settings.items()]
    (ours / "pyproject.toml").write_text("".join(["[tool.dbtasks]\n", *lines]))
    result = ours / "result.json"

    def median(_: Run) -> float:
        runs = json.loads(result.read_text())["benchmarks"][0]["runs"]
        values: list[float] = [value for one in runs for value in one.get("values", [])]
        return statistics.median(values)

    def migrated(_: Run) -> None:
        content(url)  # which fails without a version table

    yield (
        Side(
            name="a clone, used and dropped",
            argv=(sys.executable, "clone.py", "--quiet", "-o", result.name),
            folder=ours,
            before=lambda: result.unlink(missing_ok=True),
            found=prints("cloned"),
            figure=median,
        ),
        Side(
            name="alembic upgrade head",
            argv=alembic("upgrade", "head"),
            folder=peers,
            before=emptied(url),
            found=migrated,
        ),
    )


BENCHMARKS = (
    Benchmark(
        name="clone",
        what="a test's database from the template, 300 revisions",
        peer="alembic upgrade head, server in memory",
        target=0.02,
        prepare=clone,
    ),
)
