"""Growth: what commands take against the size of the history, and clones against the size of the database."""

from __future__ import annotations

import json
import statistics
import sys
import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import psycopg

from benchmarks.benchmark import LeftOutError, Run, Side, megabytes, prints, seconds
from benchmarks.lab import FAILURES, Lab, alembic, call, external, invoke
from benchmarks.results import Curve
from benchmarks.timing import looked_at
from dbtasks import maintenance

if TYPE_CHECKING:
    from collections.abc import Callable

    from dbtasks.url import DatabaseURL

SIZES = (10, 300, 1_000, 5_000)
MEGABYTES = (16, 64, 256, 1_024)
FAST_SIZES, FAST_MEGABYTES = (10, 50, 200), (16, 64)
ROUNDS = 3
# A kilobyte in each row; the size that counts is the one that PostgreSQL tells afterwards.
FILL = "CREATE TABLE filler AS SELECT g, repeat(md5(g::text), 30) FROM generate_series(1, {}) AS g"
CLONE = """from pathlib import Path

import pyperf

from dbtasks import maintenance
from dbtasks.url import DatabaseURL

template = DatabaseURL.parse(Path("template.url").read_text())
copy = template.with_database(f"{template.database}_copy")


def clone(loops):
    taken = 0.0
    for _ in range(loops):
        start = pyperf.perf_counter()
        maintenance.clone(template, copy)
        taken += pyperf.perf_counter() - start
        maintenance.drop(copy)
    return taken


pyperf.Runner(processes=1, values=5, warmups=1, loops=1).bench_time_func("clone", clone)
"""


def curves(lab: Lab, say: Callable[[str], None]) -> tuple[list[Curve], str]:
    """Return all curves, and why there are none: nothing, `left out: ...`, or `failed: ...`."""
    try:
        return [*_histories(lab, say), _clones(lab, say)], ""
    except LeftOutError as error:
        return [], f"left out: {error}"
    except FAILURES as error:
        return [], f"failed: {error}"


def _histories(lab: Lab, say: Callable[[str], None]) -> list[Curve]:
    """Run each command on each history, all sizes in turn in each round."""
    sizes = FAST_SIZES if lab.fast else SIZES
    sides = {size: _commands(lab, size) for size in sizes}
    time.sleep(2.1)  # younger files are not cached
    for size, commands in sides.items():
        for name, side in commands.items():
            say(f"growth, first run on {size} revisions: {name}")
            looked_at(side)
    runs: dict[str, dict[float, list[Run]]] = {}
    for _ in range(1 if lab.fast else ROUNDS):
        for size, commands in sides.items():
            for name, side in commands.items():
                done, _ = looked_at(side)
                runs.setdefault(name, {}).setdefault(size, []).append(done)
                say(f"growth, {size} revisions: {name} {seconds(done):.3f} s")
    found = []
    for unit, figure in (("s", seconds), ("MB", megabytes)):
        for name, by_size in runs.items():
            told = {size: [figure(one) for one in done] for size, done in by_size.items()}
            found.append(
                _curve(name if unit == "s" else f"{name}, memory", "revisions", unit, told)
            )
    return found


def _commands(lab: Lab, size: int) -> dict[str, Side]:
    """Return the commands on a history of a size, its database stamped at head."""
    folder, url = lab.stamped("growth", size)
    environ = {**external(url), "DBTASKS_THROWAWAY_URL": lab.in_memory.libpq()}
    head = call(folder, *alembic("heads")).split()[0]
    expected = {
        "--list": "db.migrate",
        "db.heads": head,
        "db.history": head,
        "db.status": head,
        "db.migrate": "nothing to do",
        "db.check": "the models and the migrations agree",
    }
    names = {"db.migrate": "db.migrate, nothing to do", "--list": "invoke --list"}
    return {
        names.get(task, task): Side(
            name=f"invoke {task}",
            argv=invoke(task),
            folder=folder,
            environ=environ,
            found=prints(text),
        )
        for task, text in expected.items()
    }


def _clones(lab: Lab, say: Callable[[str], None]) -> Curve:
    """Clone databases of several sizes on one server in memory, as every test does."""
    told: dict[float, list[float]] = {}
    for size in FAST_MEGABYTES if lab.fast else MEGABYTES:
        url = lab.database(lab.in_memory)
        with psycopg.connect(**url.connect_args()) as connection:
            connection.execute(FILL.format(size * 1000))
        megabytes_of_it = round(maintenance.size(url) / 2**20, 1)
        told[megabytes_of_it] = _clone_seconds(lab, url)
        say(
            f"growth, clone of {megabytes_of_it} MB: {statistics.median(told[megabytes_of_it]):.3f} s"
        )
        maintenance.drop(url)
    return _curve("clone", "MB", "s", told)


def _clone_seconds(lab: Lab, template: DatabaseURL) -> list[float]:
    folder = lab.new_folder("clone")
    (folder / "clone.py").write_text(CLONE)
    (folder / "template.url").write_text(template.libpq())
    call(folder, sys.executable, "clone.py", "--quiet", "-o", "result.json")
    runs = json.loads((folder / "result.json").read_text())["benchmarks"][0]["runs"]
    return [value for run in runs for value in run.get("values", [])]


def _curve(name: str, of: str, unit: str, told: dict[float, list[float]]) -> Curve:
    return Curve(
        name=name,
        of=of,
        unit=unit,
        date=datetime.now(UTC).isoformat(timespec="minutes"),
        sizes=[*map(float, told)],
        figures=[statistics.median(figures) for figures in told.values()],
    )
