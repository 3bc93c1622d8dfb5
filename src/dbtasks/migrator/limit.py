"""A time limit for one revision: its connections are ended first, then its Python code is interrupted."""

from __future__ import annotations

import contextlib
import signal
import threading
import time
from typing import TYPE_CHECKING, Any

import psycopg

from dbtasks import maintenance
from dbtasks.errors import MigrationError, ServerError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import FrameType

    from dbtasks.migrator.run import Watcher
    from dbtasks.results import Step
    from dbtasks.url import DatabaseURL

# A revision that waits for its connection ends by itself when that is gone.
_GRACE = 1.0
_TERMINATE = """
    SELECT pg_terminate_backend(pid) FROM pg_stat_activity
    WHERE datname = current_database() AND application_name <> 'dbtasks' AND pid <> pg_backend_pid()
"""


class RevisionInterruptedError(Exception):
    """A revision took longer than it may; raised where its code is."""


class TimeLimit:
    """A watcher that ends what a revision does on a database after so many seconds.

    Another watcher may look on: it is told of a step before its time begins, and after its time has ended.
    """

    def __init__(self, url: DatabaseURL, seconds: float, watcher: Watcher | None = None) -> None:
        self._url, self._seconds, self._watcher = url, seconds, watcher
        self._running: Step | None = None
        self._expired: Step | None = None
        self._deadline = 0.0
        self._main = False

    @contextlib.contextmanager
    def installed(self) -> Iterator[None]:
        """Keep the limit meanwhile; Python code can be interrupted in the main thread only.

        Raises:
            MigrationError: with code `revision-timeout`.
        """
        self._main = threading.current_thread() is threading.main_thread()
        self._expired = None
        over = threading.Event()
        threading.Thread(target=self._watch, args=[over], name="dbtasks-limit", daemon=True).start()
        with self._alarm() if self._main else contextlib.nullcontext():
            try:
                yield
            except MigrationError as error:
                if self._expired is None:
                    raise
                raise self._too_long(self._expired, error) from error
            finally:
                self._running = None
                over.set()

    def begin(self, step: Step) -> None:
        """Let the time of a step begin."""
        if self._watcher is not None:
            self._watcher.begin(step)
        self._deadline = time.monotonic() + self._seconds
        self._running = step

    def done(self, step: Step, seconds: float) -> None:
        """End the time of a step."""
        self._running = None
        if self._watcher is not None:
            self._watcher.done(step, seconds)

    def _watch(self, over: threading.Event) -> None:
        """End what is due, until all is over; one thread, for starting one takes as long as a small revision.

        It need not be told of a step that begins: none is due before this many seconds from now.
        """
        wait = self._seconds
        while not over.wait(wait):
            step, deadline = self._running, self._deadline
            wait = self._seconds
            if step is not None and step is not self._expired:
                wait = deadline - time.monotonic()
                if wait <= 0:
                    self._end(step)
                    wait = 0.0  # another one may have begun meanwhile

    def _end(self, step: Step) -> None:
        if self._running is not step:
            return
        self._expired = step
        # A server that is gone has ended the revision's connections itself.
        gone = contextlib.suppress(ServerError, psycopg.Error)
        with gone, maintenance.connect(self._url) as connection:
            connection.execute(_TERMINATE)
        time.sleep(_GRACE)
        if self._main and self._running is step:
            signal.pthread_kill(threading.main_thread().ident or 0, signal.SIGALRM)

    @contextlib.contextmanager
    def _alarm(self) -> Iterator[None]:
        before = signal.getsignal(signal.SIGALRM)
        signal.signal(signal.SIGALRM, lambda number, frame: self._ring(before, number, frame))
        try:
            yield
        finally:
            signal.signal(signal.SIGALRM, before)

    def _ring(self, before: Any, number: int, frame: FrameType | None) -> None:
        if self._running is not None and self._running is self._expired:
            raise RevisionInterruptedError(f"it took longer than {self._seconds:g} s")
        if callable(before):  # somebody else's alarm
            before(number, frame)

    def _too_long(self, step: Step, error: MigrationError) -> MigrationError:
        verb = "applied" if step.upgrade else "undone"
        return MigrationError(
            f"revision {step.revision} ({step.message}) took longer than {self._seconds:g} s to be {verb}, and was ended",
            remedy="see what it waits for, or raise the setting revision_timeout",
            code="revision-timeout",
            details=error.details,
            revision=step.revision,
        )
