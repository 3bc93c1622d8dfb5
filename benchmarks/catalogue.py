"""All benchmarks in the order of the table."""

from __future__ import annotations

from typing import TYPE_CHECKING

from benchmarks.cases import (
    checking,
    cloning,
    listing,
    migrating,
    proving,
    reading,
    servers,
    stalling,
    suites,
)

if TYPE_CHECKING:
    from benchmarks.benchmark import Benchmark

BENCHMARKS: tuple[Benchmark, ...] = (
    *listing.BENCHMARKS,
    *reading.BENCHMARKS,
    *migrating.BENCHMARKS,
    *stalling.BENCHMARKS,
    *checking.BENCHMARKS,
    *servers.BENCHMARKS,
    *cloning.BENCHMARKS,
    *suites.BENCHMARKS,
    *proving.BENCHMARKS,
    migrating.MEMORY,
)


def chosen(names: list[str]) -> list[Benchmark]:
    """Return the benchmarks of these names, or, for a name of none, those that begin with it and a dash.

    All for no name.

    Raises:
        KeyError: a name stands for nothing.
    """
    if not names:
        return [*BENCHMARKS]
    wanted = {one for name in names for one in _meant(name)}
    return [one for one in BENCHMARKS if one.name in wanted]


def _meant(name: str) -> list[str]:
    known = [one.name for one in BENCHMARKS]
    meant = [name] if name in known else [one for one in known if one.startswith(f"{name}-")]
    if not meant:
        raise KeyError(name)
    return meant
