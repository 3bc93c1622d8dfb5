"""All benchmarks in the order of the table."""

from __future__ import annotations

from typing import TYPE_CHECKING

from benchmarks.cases import checking, listing, migrating, proving, reading, servers, suites

if TYPE_CHECKING:
    from benchmarks.benchmark import Benchmark

BENCHMARKS: tuple[Benchmark, ...] = (
    *listing.BENCHMARKS,
    *reading.BENCHMARKS,
    *migrating.BENCHMARKS,
    *checking.BENCHMARKS,
    *servers.BENCHMARKS,
    *suites.BENCHMARKS,
    *proving.BENCHMARKS,
    migrating.MEMORY,
)


def chosen(names: list[str]) -> list[Benchmark]:
    """Return the benchmarks of these names, or whose names begin with one of them and a dash; all for none.

    Raises:
        KeyError: a name stands for nothing.
    """
    if not names:
        return [*BENCHMARKS]
    for name in names:
        if not any(_is(one, name) for one in BENCHMARKS):
            raise KeyError(name)
    return [one for one in BENCHMARKS if any(_is(one, name) for name in names)]


def _is(benchmark: Benchmark, name: str) -> bool:
    return benchmark.name == name or benchmark.name.startswith(f"{name}-")
