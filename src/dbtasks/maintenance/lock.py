"""The advisory lock that processes at one server wait for."""

from __future__ import annotations

import contextlib
import hashlib
import time
from typing import TYPE_CHECKING

from dbtasks.errors import ServerError
from dbtasks.maintenance.connections import connect_any

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dbtasks.url import DatabaseURL

_LOCK_POLL = 0.1


def lock_key(name: str) -> int:
    """Return the key of the advisory lock of this name."""
    return int.from_bytes(hashlib.sha256(name.encode()).digest()[:8], signed=True)


@contextlib.contextmanager
def advisory_lock(url: DatabaseURL, name: str, *, timeout: float) -> Iterator[None]:
    """Hold a session-level advisory lock of the server's maintenance database.

    On an autocommit connection of its own, and polled: a blocking waiter holds a snapshot, which
    makes CREATE INDEX CONCURRENTLY wait, and PostgreSQL may kill either as a deadlock.

    Raises:
        ServerError: somebody else held it for `timeout` seconds.
    """
    key = lock_key(name)
    limit = time.monotonic() + timeout
    with connect_any(url) as connection:
        while not connection.execute("SELECT pg_try_advisory_lock(%s)", [key]).fetchone()[0]:  # type: ignore[index]
            if time.monotonic() > limit:
                raise ServerError(
                    f"another process has been working on {name} for {timeout:.0f} s",
                    remedy="wait for it, or end it, then run this again",
                    code="busy",
                )
            time.sleep(_LOCK_POLL)
        yield
