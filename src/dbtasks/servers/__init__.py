"""Servers: where a PostgreSQL comes from, and which kind serves this project."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, NamedTuple

from dbtasks.results import ServerStatus
from dbtasks.servers.base import Server, wait_until_ready

if TYPE_CHECKING:
    from collections.abc import Callable

    from dbtasks.settings import Settings

__all__ = ["Choice", "Server", "ServerStatus", "choose", "open_server", "wait_until_ready"]

_CLASSES = {
    "docker": "DockerServer",
    "compose": "ComposeServer",
    "local": "LocalServer",
    "external": "ExternalServer",
}


class Choice(NamedTuple):
    """A kind of server, and why it is this one."""

    kind: str
    reason: str


def choose(settings: Settings) -> Choice:
    """Choose the kind of server; `auto` takes the first that the machine can offer."""
    if settings.server != "auto":
        return Choice(settings.server, f"server = {settings.server} ({settings.sources['server']})")
    if settings.url is not None:
        return Choice("external", f"a URL is set ({settings.sources['url']})")
    if settings.compose_service is not None:
        return Choice("compose", f"compose_service = {settings.compose_service}")
    from dbtasks.servers.engine import engine_answers

    if engine_answers():
        return Choice("docker", "a Docker engine answers")
    return Choice("local", "no URL, no compose service and no Docker engine")


def open_server(
    settings: Settings,
    say: Callable[[str], None] = lambda _: None,
    *,
    kind: str | None = None,
) -> Server:
    """Return the server of these settings, in whatever state it is; nothing is started.

    `kind` is the one that `choose` gave, to spare asking again.
    """
    kind = kind or choose(settings).kind
    server: type[Server] = getattr(importlib.import_module(f"{__name__}.{kind}"), _CLASSES[kind])
    return server(settings, say)
