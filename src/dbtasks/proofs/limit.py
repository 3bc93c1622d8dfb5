"""A time limit for one revision: its connections are ended first, then its Python code is interrupted."""

from __future__ import annotations

import contextlib
import signal
import threading
import time
from typing import TYPE_CHECKING, Any

from dbtasks import maintenance
from dbtasks.errors import ServerError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import FrameType

    from dbtasks.results import Step
    from dbtasks.url import DatabaseURL

# A revision that waits for its connection ends by itself when that is gone.
_GRACE = 1.0
_TERMINATE = """
    SELECT pg_terminate_backend(pid) FROM pg_stat_activity
    WHERE datname = current_database() AND application_name <> 'dbtasks' AND pid <> pg_backend_pid()
"""


class RevisionTimeoutError(Exception):
    """A revision took longer than it may."""


class TimeLimit:
    """Ends what a revision does on a database after so many seconds; `expired` is that revision's step."""

    def __init__(self, url: DatabaseURL, seconds: float) -> None:
        self.expired: Step | None = None
        self.seconds = seconds
        self._url = url
        self._running: Step | None = None
        self._timer: threading.Timer | None = None
        self._main = False

    @contextlib.contextmanager
    def installed(self) -> Iterator[None]:
        """Be able to interrupt Python code meanwhile; that works in the main thread only."""
        self._main = threading.current_thread() is threading.main_thread()
        self.expired = None
        if not self._main:
            try:
                yield
            finally:
                self.stop()
            return
        before = signal.getsignal(signal.SIGALRM)
        signal.signal(signal.SIGALRM, lambda number, frame: self._ring(before, number, frame))
        try:
            yield
        finally:
            self.stop()
            signal.signal(signal.SIGALRM, before)

    def start(self, step: Step) -> None:
        """Let the time of a step begin."""
        self.stop()
        self._running = step
        self._timer = threading.Timer(self.seconds, self._end, [step])
        self._timer.daemon = True
        self._timer.start()

    def stop(self) -> None:
        """End the time of the step that runs."""
        self._running = None
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _end(self, step: Step) -> None:
        self.expired = step
        with contextlib.suppress(ServerError), maintenance.connect(self._url) as connection:
            connection.execute(_TERMINATE)
        time.sleep(_GRACE)
        if self._main and self._running is step:
            signal.pthread_kill(threading.main_thread().ident or 0, signal.SIGALRM)

    def _ring(self, before: Any, number: int, frame: FrameType | None) -> None:
        if self._running is not None and self._running is self.expired:
            raise RevisionTimeoutError(f"it took longer than {self.seconds:g} s")
        if callable(before):  # somebody else's alarm
            before(number, frame)
