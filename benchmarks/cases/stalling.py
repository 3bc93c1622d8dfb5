"""How long a client is stalled at worst while a migration wants a table that a long transaction reads."""

from __future__ import annotations

import contextlib
import threading
from dataclasses import replace
from time import perf_counter
from typing import TYPE_CHECKING

import psycopg

from benchmarks.benchmark import Benchmark, BenchmarkError, Run, Side
from benchmarks.lab import Lab, alembic, call, content, emptied, external, invoke

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from dbtasks.url import DatabaseURL

SECONDS = 12.0
CLIENTS = 8
# A history's first revision makes t0, the next ones add columns to it.
_REVISIONS = 10


class Load:
    """Clients that write into a table, and a transaction that has read it and goes on for SECONDS.

    What the clients write is timed one by one: pyperf times commands, and this is a wait within one.
    """

    def __init__(self, url: DatabaseURL) -> None:
        self._url = url
        self._over = threading.Event()
        self._waits: list[float] = []
        self._reader = psycopg.connect(**url.connect_args())
        self._reader.execute("SELECT count(*) FROM t0")
        self._end = threading.Timer(SECONDS, self._reader.close)
        self._clients = [threading.Thread(target=self._write, daemon=True) for _ in range(CLIENTS)]
        for thread in (self._end, *self._clients):
            thread.start()

    def worst(self) -> float:
        """End the load, and return the seconds that the longest write took."""
        self._over.set()
        for thread in (self._end, *self._clients):
            thread.join()
        if not self._waits:
            raise BenchmarkError("the clients wrote nothing")
        return max(self._waits)

    def _write(self) -> None:
        with psycopg.connect(**self._url.connect_args(), autocommit=True) as connection:
            while not self._over.wait(0.01):
                began = perf_counter()
                connection.execute("INSERT INTO t0 (name) VALUES ('somebody')")
                self._waits.append(perf_counter() - began)


@contextlib.contextmanager
def stall(lab: Lab) -> Iterator[tuple[Side, Side]]:
    """Prepare databases that lack the last revision, on a server that is none of dbtasks'."""
    urls = [lab.database(lab.in_memory) for _ in range(2)]
    folders = [lab.project("stall", _REVISIONS, url) for url in urls]
    ours = _side(folders[0], urls[0])
    peer = _side(folders[1], urls[1])
    yield (
        replace(
            ours,
            name="invoke db.migrate",
            argv=invoke("db.migrate"),
            environ=external(urls[0]),
        ),
        replace(peer, name="alembic upgrade head", argv=alembic("upgrade", "head")),
    )


def _side(folder: Path, url: DatabaseURL) -> Side:
    loads: list[Load] = []
    worst: list[float] = []

    def before() -> None:
        emptied(url)()
        call(folder, *alembic("upgrade", f"+{_REVISIONS - 1}"))
        loads.append(Load(url))

    def found(_: Run) -> object:
        worst.append(loads.pop().worst())
        return content(url)

    return Side(
        name="",
        argv=(),
        folder=folder,
        before=before,
        found=found,
        figure=lambda _: worst[-1],
    )


BENCHMARKS = (
    Benchmark(
        name="stall",
        what=f"worst stall of {CLIENTS} clients, migration behind a transaction of {SECONDS:.0f} s",
        peer="alembic upgrade head",
        target=0.35,
        prepare=stall,
        rounds=3,
        warm_up="none",
    ),
)
