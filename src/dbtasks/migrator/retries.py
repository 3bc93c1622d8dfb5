"""Runs of revisions that lost against somebody else's lock, begun again where nothing of them is left."""

from __future__ import annotations

import random
import time
from typing import TYPE_CHECKING

from dbtasks import maintenance
from dbtasks.environment.errors import sqlstate
from dbtasks.errors import MigrationError, ServerError
from dbtasks.migrator.lock_watch import lines
from dbtasks.migrator.steps import applied

if TYPE_CHECKING:
    from collections.abc import Callable

    from dbtasks.environment import Environment
    from dbtasks.migrator.half_done import Failure
    from dbtasks.migrator.left_indexes import LeftIndexes
    from dbtasks.migrator.run import Run

_LOST = {"55P03": "waited too long for a lock", "40P01": "was in a deadlock"}
_LONGEST = 30.0
_ENDING_LIMIT = 5.0
_ENDING_POLL = 0.05
_IN_TRANSACTION = "SELECT 1 FROM pg_stat_activity WHERE pid = %s AND xact_start IS NOT NULL"


class Retries:
    """How often the revisions of one run may begin again; `tell` is told before each time."""

    def __init__(
        self,
        environment: Environment,
        tell: Callable[[str], None],
        indexes: LeftIndexes | None = None,
    ) -> None:
        self._environment, self._tell, self._indexes = environment, tell, indexes
        self._most = environment.settings.lock_retries
        self._wait = environment.settings.lock_retry_wait
        self.made = 0

    def again(self, run: Run, error: MigrationError) -> None:
        """Return, after a while, if the run may begin again.

        Raises:
            MigrationError: it may not; `error`, with who was in the way if it was a lock.
        """
        failed = run.failed
        what = _LOST.get(sqlstate(failed.cause)) if failed is not None else None
        if failed is None or what is None:
            raise error
        seen = lines(run.watch.seen) if run.watch is not None else []
        why_not = self._why_not(run, failed)
        if why_not or self.made >= self._most:
            raise self._final(error, seen, why_not)
        for index in failed.left:
            assert self._indexes is not None
            self._indexes.drop(index)
        self.made += 1
        pause = min(self._wait * 2 ** (self.made - 1), _LONGEST) * random.uniform(0.5, 1.5)  # noqa: S311
        first = (
            f"revision {failed.step.revision} ({failed.step.message}) {what}; nothing of it is left,"
            f" trying again in {pause:.1f} s ({self.made} of {self._most})"
        )
        self._tell("\n".join([first, *seen]))
        time.sleep(pause)

    def _final(self, error: MigrationError, seen: list[str], why_not: str) -> MigrationError:
        tried = [f"tried {self.made + 1} times"] if self.made else []
        not_again = [f"not tried again: {why_not}"] if why_not else []
        remedy = error.remedy
        if not why_not:
            remedy = (
                "run this again when what blocks it has ended, or let lock_retries"
                " (DBTASKS_LOCK_RETRIES) or lock_timeout (DBTASKS_LOCK_TIMEOUT) be more;"
                " what it changed is rolled back"
            )
        return MigrationError(
            error.message,
            remedy=remedy,
            code=error.code,
            details=[*error.details, *(line.strip() for line in seen), *tried, *not_again],
            revision=error.revision,
        )

    def _why_not(self, run: Run, failed: Failure) -> str:
        """Return why the run may not begin again, empty if nothing of what failed is left."""
        if failed.heads is None:
            return "where the database is cannot be read"
        built = self._builds_again(run, failed)
        for step in (*failed.lost, failed.step):
            part = run.journal.of(step.revision)
            if part.committed and not (built and step is failed.step):
                return f"revision {step.revision} had committed a part of itself, as an autocommit block does"
            if part.elsewhere:
                return f"revision {step.revision} uses a connection of its own, and what it did there is not known"
        done = failed.step.revision in applied(self._environment.script, failed.heads)
        if done == failed.step.upgrade:
            return "the version table says that it is done"
        return self._why_not_over(run.pid)

    def _builds_again(self, run: Run, failed: Failure) -> bool:
        """Tell whether all that a revision left is an invalid index, which may be dropped."""
        nothing_else = not run.journal.of(failed.step.revision).statements
        indexes = self._indexes
        return indexes is not None and nothing_else and indexes.may_build_again(failed.left)

    def _why_not_over(self, pid: int) -> str:
        """Wait until the transaction is over: a client that was refused something may be slow to end it."""
        assert self._environment.url is not None
        limit = time.monotonic() + _ENDING_LIMIT
        try:
            with maintenance.connect(self._environment.url) as connection:
                while connection.execute(_IN_TRANSACTION, [pid]).fetchone() is not None:
                    if time.monotonic() > limit:
                        return "its transaction is still open"
                    time.sleep(_ENDING_POLL)
        except ServerError as error:
            return error.message
        return ""
