"""Ports of a local server: the one that is set, or a stable one of its own that is free."""

from __future__ import annotations

import hashlib
import socket
from typing import TYPE_CHECKING

from dbtasks.errors import ServerError

if TYPE_CHECKING:
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
    digest = hashlib.sha256(settings.key.encode()).digest()
    first = int.from_bytes(digest[:4], "big") % len(_PORTS)
    for step in range(len(_PORTS)):
        port = _PORTS[(first + step) % len(_PORTS)]
        if is_free(port):
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
        except OSError:
            return False
    return True
