"""Ports on this machine: the one that is set, or a stable one of a server's own that is free."""

from __future__ import annotations

import errno
import hashlib
import socket
from typing import TYPE_CHECKING

from dbtasks.errors import ServerError

if TYPE_CHECKING:
    from collections.abc import Collection

    from dbtasks.settings import Settings

LOOPBACK = "127.0.0.1"
_PORTS = range(20000, 32000)  # below the ports that systems give to outgoing connections


def choose(settings: Settings) -> int:
    """Return the port that is set, else the server's own, or the next one that is free.

    Raises:
        ServerError: code `port-taken`.
    """
    if settings.port is not None:
        check_free(settings.port)
        return settings.port
    return find_free(settings.key)


def find_free(key: str, *, before: int | None = None, avoid: Collection[int] = ()) -> int:
    """Return the port of before, else the stable one of the server `key`, else the next that is free.

    Raises:
        ServerError: code `port-taken`.
    """
    digest = hashlib.sha256(key.encode()).digest()
    first = int.from_bytes(digest[:4], "big") % len(_PORTS)
    if before is not None and before not in avoid and is_free(before):
        return before
    for step in range(len(_PORTS)):
        port = _PORTS[(first + step) % len(_PORTS)]
        if port not in avoid and is_free(port):
            return port
    raise ServerError(
        f"no port from {_PORTS[0]} to {_PORTS[-1]} is free on {LOOPBACK}",
        remedy="set DBTASKS_PORT to a free one",
        code="port-taken",
    )


def check_free(port: int) -> None:
    """Fail if another program has the port.

    Raises:
        ServerError: code `port-taken`.
    """
    if not is_free(port):
        raise ServerError(
            f"port {port} on {LOOPBACK} is taken by another program",
            remedy="stop that program, set DBTASKS_PORT to another port, or unset port for a free one",
            code="port-taken",
        )


def is_free(port: int) -> bool:
    """Tell whether nobody listens on the port, be it on loopback or on every address."""
    with socket.socket() as probe:
        probe.settimeout(1)
        if probe.connect_ex((LOOPBACK, port)) == 0:
            return False
    with socket.socket() as probe:
        # As PostgreSQL does it; without it a port counts as taken while old connections linger.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((LOOPBACK, port))
        except OSError as error:
            # A port below 1024 may be refused to us, and free for a Docker engine.
            return error.errno != errno.EADDRINUSE
    return True
