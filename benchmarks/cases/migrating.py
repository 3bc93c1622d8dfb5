"""Commands that migrate, or find nothing to do, and the memory they take."""

from __future__ import annotations

import contextlib
from dataclasses import replace
from typing import TYPE_CHECKING

from benchmarks.benchmark import Benchmark, Side, megabytes
from benchmarks.lab import Lab, alembic, call, content, emptied, external, invoke

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from dbtasks.url import DatabaseURL


def _sides(folder: Path, peers: Path, ours: DatabaseURL, theirs: DatabaseURL) -> tuple[Side, Side]:
    """Return both sides, each with a folder and a database of its own."""
    return (
        Side(
            name="invoke db.migrate",
            argv=invoke("db.migrate"),
            folder=folder,
            environ=external(ours),
            found=lambda _: content(ours),
        ),
        Side(
            name="alembic upgrade head",
            argv=alembic("upgrade", "head"),
            folder=peers,
            found=lambda _: content(theirs),
        ),
    )


@contextlib.contextmanager
def idle(lab: Lab) -> Iterator[tuple[Side, Side]]:
    """Prepare a database with nothing to do."""
    url = lab.database(lab.durable)
    folder = lab.project("idle", lab.revisions, url)
    call(folder, *alembic("upgrade", "head"))
    ours, peer = _sides(folder, folder, url, url)
    yield replace(ours, values=3), replace(peer, values=3)


@contextlib.contextmanager
def replay(lab: Lab) -> Iterator[tuple[Side, Side]]:
    """Prepare empty databases on a durable server."""
    yield _from_nothing(lab, lab.durable, lab.revisions)


@contextlib.contextmanager
def autocommit(lab: Lab) -> Iterator[tuple[Side, Side]]:
    """Prepare the same with revisions that create indexes concurrently."""
    yield _from_nothing(lab, lab.durable, lab.revisions, autocommit=True)


@contextlib.contextmanager
def memory(lab: Lab) -> Iterator[tuple[Side, Side]]:
    """Prepare empty databases for a large history, and look at memory only."""
    ours, peer = _from_nothing(lab, lab.in_memory, lab.many)
    yield replace(ours, figure=megabytes), replace(peer, figure=megabytes)


def _from_nothing(
    lab: Lab, server: DatabaseURL, revisions: int, *, autocommit: bool = False
) -> tuple[Side, Side]:
    urls = lab.database(server), lab.database(server)
    folders = [lab.project("replay", revisions, url, autocommit=autocommit) for url in urls]
    ours, peer = _sides(folders[0], folders[1], *urls)
    return replace(ours, before=emptied(urls[0])), replace(peer, before=emptied(urls[1]))


BENCHMARKS = (
    Benchmark(
        name="migrate-idle",
        what="db.migrate, nothing to do, 300 revisions",
        peer="alembic upgrade head",
        target=0.5,
        prepare=idle,
    ),
    Benchmark(
        name="migrate",
        what="db.migrate, 300 revisions, durable server",
        peer="alembic upgrade head",
        target=1.0,
        prepare=replay,
        rounds=3,
    ),
    Benchmark(
        name="migrate-autocommit",
        what="db.migrate, 300 revisions, with autocommit blocks",
        peer="alembic upgrade head",
        target=1.0,
        prepare=autocommit,
        rounds=3,
    ),
)
MEMORY = Benchmark(
    name="migrate-memory",
    what="db.migrate, 5,000 revisions, peak memory",
    peer="alembic upgrade head",
    target=1.1,
    prepare=memory,
    rounds=1,
    unit="MB",
    warm_up="none",
)
