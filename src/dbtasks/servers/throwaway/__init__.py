"""Throwaway servers: PostgreSQL for tests, without durability, in memory, removed afterwards.

What a killed process leaves is removed by the next start on the same machine.
"""

from __future__ import annotations

import contextlib
import importlib
import os
import threading
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from dbtasks.errors import DbtasksError, UsageError
from dbtasks.servers import engine
from dbtasks.servers.throwaway import reuse as kept
from dbtasks.servers.throwaway.base import Order, ThrowawayServer
from dbtasks.servers.throwaway.interruption import deferred, ending_is_an_exception
from dbtasks.servers.throwaway.owner import Process
from dbtasks.url import DatabaseURL

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from dbtasks.settings import Settings

__all__ = ["ThrowawayServer", "attach", "choose_kind", "start", "stop", "throwaway_server"]

_CLASSES = {"docker": "DockerThrowaway", "local": "LocalThrowaway"}


def quiet(_: str) -> None:
    """Say nothing."""


@contextlib.contextmanager
def throwaway_server(
    settings: Settings,
    say: Callable[[str], None] = quiet,
    *,
    kind: str | None = None,
    reuse: bool = False,
    on_disk: bool = False,
) -> Iterator[ThrowawayServer]:
    """Yield a server that answers; remove it afterwards, unless it is kept for the next run.

    Ctrl-C, SIGTERM and SIGHUP remove it, too; signals that come meanwhile wait for that. With
    `on_disk` its data can be taken once it has ended: a container's only.

    Raises:
        ServerError: `engine`, `image`, `no-binaries` when the machine cannot offer it; `died`,
            `start-timeout` and others when it does not start.
    """
    keep = reuse and kept.is_allowed(say)
    with ending_is_an_exception():
        server = start(settings, say, kind=kind, reuse=keep, on_disk=on_disk)
        try:
            yield server
        finally:
            if not keep:
                with deferred():
                    server.remove()


def start(
    settings: Settings,
    say: Callable[[str], None] = quiet,
    *,
    kind: str | None = None,
    reuse: bool = False,
    owner: int | None = None,
    on_disk: bool = False,
) -> ThrowawayServer:
    """Start a server that stays until its `handle` is given to `stop`, here or in another process.

    Args:
        settings: `postgres`, `image`, `server_options`, `user` and `start_timeout` apply.
        say: receives one-line progress messages.
        kind: docker or local; the one of the settings, or what the machine offers, when not given.
        reuse: take the server of an earlier run, and leave it for the next one.
        owner: number of the process whose end makes the server a left-over; this one when not given.
        on_disk: keep a container's data on the disk until it is removed.

    Raises:
        ServerError: as `throwaway_server`.
    """
    if reuse and kept.is_allowed(say):
        return kept.find_or_make(
            settings,
            say,
            attach,
            lambda order: _make(order, kind),
            kind or settings.server,
        )
    process = Process.of(os.getpid() if owner is None else owner)
    return _make(replace(Order.of(settings, process, say), on_disk=on_disk), kind)


def attach(handle: Mapping[str, str]) -> ThrowawayServer:
    """Return the server that a handle stands for, in whatever state it is."""
    kind = handle["kind"]
    server: type[ThrowawayServer] = getattr(_module(kind), _CLASSES[kind])
    url = DatabaseURL.parse(handle["url"])
    return server(where=handle["where"], version=handle["version"], url=url)


def stop(handle: Mapping[str, str]) -> None:
    """Remove the server of a handle; one that is gone already is left alone.

    Raises:
        ServerError: it cannot be removed.
    """
    with deferred():
        attach(handle).remove()


def choose_kind(settings: Settings, kind: str | None = None) -> str:
    """Return the kind that is asked for, or set, or what this machine offers.

    Raises:
        UsageError: a throwaway server cannot be of this kind.
    """
    if kind in {None, "auto"}:
        kind = settings.server if settings.server in _CLASSES else None
    if kind is None:
        return "docker" if engine.engine_answers() else "local"
    if kind not in _CLASSES:
        raise UsageError(
            f"a throwaway server cannot be of kind {kind}",
            remedy=f"choose one of {', '.join(_CLASSES)}",
        )
    return kind


def _make(order: Order, kind: str | None) -> ThrowawayServer:
    """Make a server, and remove meanwhile what killed runs have left."""
    module = _module(choose_kind(order.settings, kind))

    def reap() -> None:
        importlib.import_module("dbtasks.maintenance")  # psycopg takes its time, too
        try:
            count = module.reap()
        except DbtasksError as error:
            order.say(f"left-over throwaway servers stay: {error.message}")
        else:
            if count:
                order.say(f"removed {count} throwaway server(s) of runs that are gone")

    reaper = threading.Thread(target=reap, name="dbtasks-reaper")
    reaper.start()
    server: ThrowawayServer = module.start(order)
    try:
        reaper.join()
    except BaseException:
        with deferred():
            server.remove()
        raise
    return server


def _module(kind: str) -> Any:
    return importlib.import_module(f"{__name__}.{kind}")
