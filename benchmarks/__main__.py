"""`python -m benchmarks [NAME ...]`: run benchmarks, print their ratios, and keep them."""

from __future__ import annotations

import argparse
import logging
import os
import sys
import time
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks import growth, machine, plots, table
from benchmarks.benchmark import LeftOutError
from benchmarks.catalogue import BENCHMARKS, chosen
from benchmarks.lab import FAILURES, Lab
from benchmarks.results import Results, Row
from benchmarks.timing import alternate

if TYPE_CHECKING:
    from benchmarks.benchmark import Benchmark
    from benchmarks.results import Curve

ROOT = Path(__file__).resolve().parent.parent
KEPT = ROOT / "benchmarks" / "results"
UNKEPT = ROOT / "build" / "benchmarks"
GROWTH = "growth"


def main() -> int:
    """Run what is asked for; return 1 if a benchmark failed."""
    arguments = _arguments()
    if arguments.readme and not arguments.keep:
        return _write_readme()
    logging.disable(logging.INFO)  # of Alembic, a line for each revision
    _forget_surroundings()
    names = [name for name in arguments.names if name != GROWTH]
    try:
        benchmarks = chosen(names) if names or not arguments.names else []
    except KeyError as error:
        print(f"no benchmark is called {error}; python -m benchmarks --list", file=sys.stderr)
        return 2
    if arguments.list:
        for one in benchmarks:
            print(f"{one.name:<20} {one.what}; {one.peer}; at most {one.target}")
        print(f"{GROWTH:<20} commands against the size of the history, clones against a database's")
        return 0
    results, no_curves = _measured(arguments, benchmarks)
    return _report(arguments, results, no_curves)


def _forget_surroundings() -> None:
    """Take what would lead a preparation elsewhere out of the environment; runs have a bare one anyway."""
    for name in [*os.environ]:
        ours = name.startswith(("DBTASKS_", "PG", "PYTEST_")) and name != "DBTASKS_IMAGE"
        if ours or name in {"PYTHONDONTWRITEBYTECODE", "CI", "DATABASE_URL"}:
            del os.environ[name]


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument(
        "names", nargs="*", metavar="NAME", help="all, and growth, when none is given"
    )
    parser.add_argument("--list", action="store_true", help="list the benchmarks")
    parser.add_argument(
        "--fast", action="store_true", help="small histories, two rounds; for a try"
    )
    parser.add_argument("--rounds", type=int, help="rounds of each benchmark")
    parser.add_argument("--keep", action="store_true", help=f"write to {KEPT.relative_to(ROOT)}")
    parser.add_argument(
        "--readme",
        action="store_true",
        help="write what is kept to README.md; without --keep, nothing is run",
    )
    arguments = parser.parse_args()
    if arguments.fast and arguments.keep:
        parser.error("--fast is no result to keep")
    return arguments


def _measured(arguments: argparse.Namespace, benchmarks: list[Benchmark]) -> tuple[Results, str]:
    about, versions = machine.machine(), machine.versions()
    with Lab(fast=arguments.fast) as lab:
        rows = [_row(lab, one, arguments.rounds) for one in benchmarks]
        curves: list[Curve] = []
        no_curves = ""
        if GROWTH in arguments.names or not arguments.names:
            curves, no_curves = growth.curves(lab, _say)
        versions |= lab.versions
    return Results(
        date=_now(),
        machine={**about, "load_after": machine.load()},
        versions=versions,
        rows=rows,
        curves=curves,
    ), no_curves


def _row(lab: Lab, benchmark: Benchmark, rounds: int | None) -> Row:
    started = time.monotonic()
    row = Row(
        name=benchmark.name,
        what=benchmark.what,
        peer=benchmark.peer,
        target=benchmark.target,
        unit=benchmark.unit,
        date=_now(),
    )
    _say(f"{benchmark.name}: {benchmark.what}, against {benchmark.peer}")
    wanted = rounds or (min(2, benchmark.rounds) if lab.fast else benchmark.rounds)
    try:
        with benchmark.prepare(lab) as (ours, peer):
            figures = alternate(
                ours,
                peer,
                rounds=wanted,
                warm_up=benchmark.warm_up,
                say=lambda side, figure: _say(f"{side.name}: {figure:.3f} {benchmark.unit}"),
            )
        row = replace(row, ours=figures[0], peers=figures[1])
    except LeftOutError as error:
        row = replace(row, state=f"left out: {error}")
    except FAILURES as error:
        row = replace(row, state=f"failed: {error}")
    _say(f"{benchmark.name}: {row.verdict}, {time.monotonic() - started:.0f} s in all")
    return row


def _report(arguments: argparse.Namespace, results: Results, no_curves: str) -> int:
    last = Results.read(KEPT / "last.json")
    if arguments.fast:
        print("--fast: 50 and 1,000 revisions instead of 300 and 5,000; these are no results")
    print(table.render(results, last), end="")
    if results.curves:
        print(table.growth_verdict(results.curves))
    if no_curves:
        print(f"{GROWTH} {no_curves}")
    failed = [row.name for row in results.rows if row.verdict == "failed"]
    if no_curves.startswith("failed"):
        failed.append(GROWTH)
    folder = KEPT if arguments.keep and not failed else UNKEPT
    if arguments.keep and not failed:
        order = [one.name for one in BENCHMARKS]
        results = results.merged_into(last).in_order(order)
    results.write(folder / "last.json")
    for path in plots.write(results.curves, folder):
        _say(f"wrote {path.relative_to(ROOT)}")
    if failed:
        kept = "; nothing is kept" if arguments.keep else ""
        print(f"failed: {', '.join(failed)}{kept}", file=sys.stderr)
        return 1
    if arguments.readme:
        return _write_readme()
    return 0


def _write_readme() -> int:
    kept = Results.read(KEPT / "last.json")
    if kept is None:
        print("no result is kept yet: --keep", file=sys.stderr)
        return 2
    readme = ROOT / "README.md"
    try:
        text = table.into_readme(readme.read_text(encoding="utf-8"), kept)
    except ValueError as error:
        print(error, file=sys.stderr)
        return 2
    readme.write_text(text, encoding="utf-8")
    return 0


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="minutes")


def _say(text: str) -> None:
    print(f"  {text}", file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
