"""Who keeps a run of revisions waiting, looked for over a connection of our own."""

from __future__ import annotations

import contextlib
import threading
import time
from typing import TYPE_CHECKING

import psycopg

from dbtasks import blockers, maintenance
from dbtasks.errors import DbtasksError

if TYPE_CHECKING:
    from collections.abc import Callable

    from dbtasks.blockers import Blocker
    from dbtasks.url import DatabaseURL

_INTERVAL = 0.5
_SHORTEST = 0.02
_SAMPLES = 6  # in the time that a statement may wait
_TELL_AFTER = 5.0


class LockWatch:
    """Looks from time to time who blocks a session; connects only if the run takes that long.

    `tell` is told once of those who have kept it waiting for five seconds.
    """

    def __init__(self, url: DatabaseURL | None, tell: Callable[[str], None]) -> None:
        self._url, self._tell = url, tell
        self._pid = 0
        self._interval = _INTERVAL
        self._over = threading.Event()
        self._thread: threading.Thread | None = None
        self.seen: tuple[Blocker, ...] = ()

    def follow(self, pid: int, lock_timeout: float) -> None:
        """Look at the session of server process `pid`, which waits so long at most (0: for ever)."""
        if lock_timeout:
            self._interval = min(_INTERVAL, max(lock_timeout / _SAMPLES, _SHORTEST))
        self._pid = pid
        if self._thread is None:
            self._thread = threading.Thread(
                target=self._watch, name="dbtasks-lock-watch", daemon=True
            )
            self._thread.start()

    def forget(self) -> None:
        """Forget who was seen: something else begins."""
        self.seen = ()

    def stop(self) -> None:
        """Look no more."""
        self._over.set()
        if self._thread is not None:
            self._thread.join(_INTERVAL)

    def _watch(self) -> None:
        # Without a connection, or without the right to look, nobody is named.
        assert self._url is not None
        with contextlib.suppress(DbtasksError, psycopg.Error):
            if self._over.wait(self._interval):
                return
            with maintenance.connect(self._url) as connection:
                self._look(connection)

    def _look(self, connection: psycopg.Connection) -> None:
        since, told = time.monotonic(), False
        while True:
            found = blockers.read(connection, self._pid)
            if not found:
                since, told = time.monotonic(), False
            else:
                self.seen = found
            if found and not told and time.monotonic() - since > _TELL_AFTER:
                told = True
                self._tell("\n".join(["waiting for a lock", *lines(found)]))
            if self._over.wait(self._interval):
                return


def lines(found: tuple[Blocker, ...]) -> list[str]:
    """Return who blocks as indented lines, nobody left out."""
    return [f"  {line}" for one in found for line in one.lines()]
