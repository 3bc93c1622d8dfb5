"""One run of revisions, observed: what is running, and what is finished."""

from __future__ import annotations

import contextlib
import time
from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple, Protocol

import sqlalchemy

from dbtasks import maintenance
from dbtasks.errors import MigrationError, ServerError
from dbtasks.migrator import aftermath, left_indexes
from dbtasks.migrator.aftermath import Aftermath
from dbtasks.migrator.half_done import Failure
from dbtasks.migrator.journal import Journal
from dbtasks.migrator.steps import applied, describe
from dbtasks.results import Applied
from dbtasks.version_table import VersionTable

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from alembic.runtime.migration import MigrationContext, MigrationStep

    from dbtasks.environment import Environment
    from dbtasks.migrator.left_indexes import LeftIndexes
    from dbtasks.migrator.lock_watch import LockWatch
    from dbtasks.results import Step


class Watcher(Protocol):
    """Somebody who wants to know how far a run is."""

    def begin(self, step: Step) -> None:
        """A revision is about to run."""

    def done(self, step: Step, seconds: float) -> None:
        """A revision has run, and in a transaction of its own is committed."""


class _Done(NamedTuple):
    step: Step
    seconds: float


class Run:
    """The progress of one run; Alembic draws the steps from `observe`, one when it needs it."""

    def __init__(
        self,
        environment: Environment,
        watcher: Watcher | None = None,
        watch: LockWatch | None = None,
        indexes: LeftIndexes | None = None,
    ) -> None:
        self._environment = environment
        self._watcher = watcher
        self._context: MigrationContext | None = None
        self._version_table: VersionTable | None = None
        self._heads_after: frozenset[str] | None = None
        self._running: Step | None = None
        self._done: list[_Done] = []
        self.journal = Journal()
        self.watch, self._indexes = watch, indexes
        self.pid = 0
        self.failed: Failure | None = None

    @property
    def finished(self) -> tuple[Applied, ...]:
        """The revisions that ran to their end."""
        return tuple(
            Applied(revision=done.step.revision, seconds=done.seconds) for done in self._done
        )

    def observe(
        self, steps: list[MigrationStep], heads: Sequence[str], context: MigrationContext
    ) -> Iterator[MigrationStep]:
        """Yield the steps; Alembic asks for the next one when the one before is done."""
        self._context = context
        self._version_table = _version_table(context)
        self._heads_after = None
        self._done = self._kept(heads)  # env.py, or the run, may be at its second try
        if steps and not context.as_sql:
            self._look_on(context)
        for step, alembic_step in zip(self._described(steps), steps, strict=True):
            self._running = step
            self.journal.begin(step.revision)
            if self.watch is not None:
                self.watch.forget()
            if self._watcher is not None:
                self._watcher.begin(step)
            started = time.perf_counter()
            yield alembic_step
            seconds = time.perf_counter() - started
            self._done.append(_Done(step, seconds))
            if self._watcher is not None:
                self._watcher.done(step, seconds)
        self._running = None
        if steps and not context.as_sql:
            self._heads_after = frozenset(context.get_current_heads())

    def _described(self, steps: list[MigrationStep]) -> Iterator[Step]:
        before = len(self._done)
        for step in describe(steps):
            yield (
                replace(step, number=step.number + before, total=step.total + before)
                if before
                else step
            )

    def _look_on(self, context: MigrationContext) -> None:
        connection = context.connection
        assert connection is not None
        self.journal.attach(connection, context.version_table)
        if self._indexes is not None:
            self._indexes.attach(connection)
        limits = self._environment.limits
        if self.watch is not None and limits is not None and limits.lasts:
            self.pid = connection.scalar(sqlalchemy.text("SELECT pg_backend_pid()")) or 0
            self.watch.follow(self.pid, limits.lock_timeout)

    def count_kept(self, heads: Sequence[str]) -> int:
        """Return how many of the finished revisions a database at `heads` still shows."""
        return len(self._kept(heads))

    @contextlib.contextmanager
    def explained(self) -> Iterator[None]:
        """Turn whatever a revision raises into an error that says which one, and what is left."""
        self._context = self._running = self.failed = None  # of an earlier try
        try:
            yield
        except MigrationError as error:
            cause = error.__cause__
            if error.code == left_indexes.CODE and self._running is not None:
                after = self._aftermath(self._running)
                raise aftermath.stopped(self._running, error, after, self.journal) from error
            if cause is None or self._context is None:
                raise
            raise self._failure(error, cause) from cause

    def heads_now(self) -> tuple[str, ...]:
        """Read the version table over a connection of our own.

        Raises:
            MigrationError: revisions ran, and env.py did not commit them.
        """
        now = self._read_heads()
        if self._heads_after is not None and self._heads_after != frozenset(now):
            raise MigrationError(
                f"{self._environment.env_file} ran {aftermath.names(one.step for one in self._done)} and did not commit;"
                f" the database is at {', '.join(now) or 'base'}",
                remedy="let env.py use context.begin_transaction(), and commit what it began before context.configure()",
                code="not-committed",
            )
        return now

    def _read_heads(self) -> tuple[str, ...]:
        assert self._environment.url is not None
        if self._version_table is None:
            return ()
        table = self._version_table
        return maintenance.applied_revisions(self._environment.url, table.table, table.schema)

    def _kept(self, heads: Sequence[str]) -> list[_Done]:
        """Return the finished revisions that a database at `heads` still shows."""
        has = applied(self._environment.script, heads)
        return [done for done in self._done if (done.step.revision in has) == done.step.upgrade]

    def _failure(self, error: MigrationError, cause: BaseException) -> MigrationError:
        assert self._context is not None
        if self._running is None and not self._done:
            return error
        if self._running is None:
            return aftermath.after_all(error, cause, self._aftermath(self._done[-1].step))
        if self._context.as_sql:
            return aftermath.not_as_sql(self._running, cause)
        return self._failure_in(self._running, cause)

    def _failure_in(self, step: Step, cause: BaseException) -> MigrationError:
        """Say which revision failed, where, and what that left behind."""
        after = self._aftermath(step)
        self.failed = Failure(step=step, cause=cause, lost=after.lost, heads=after.heads)
        if self._indexes is not None and after.heads is not None:
            left = self._indexes.left()
            mend = self._indexes.remedy(left, upgrade=step.upgrade)
            mend = mend or self._indexes.remedy_of_done(cause)
            self.failed = replace(self.failed, left=left, left_remedy=mend)
        return aftermath.failed(self.failed, after, self.journal)

    def _aftermath(self, step: Step) -> Aftermath:
        try:
            now = self._read_heads()
        except ServerError as error:
            return Aftermath(lines=(f"where the database is cannot be read: {error.message}",))
        done = [one.step for one in self._done]
        return aftermath.of(step, done, [one.step for one in self._kept(now)], now)


def _version_table(context: MigrationContext) -> VersionTable | None:
    """Name the version table in full: env.py's connection may have a search_path of its own."""
    schema, table = context.version_table_schema, context.version_table
    if schema is None and context.connection is not None and not context.as_sql:
        schema = context.connection.scalar(
            sqlalchemy.text(
                "SELECT nspname FROM pg_class JOIN pg_namespace n ON n.oid = relnamespace"
                " WHERE pg_class.oid = to_regclass(quote_ident(:table))"
            ),
            {"table": table},
        )
        if schema is None:
            return None
    return VersionTable(table=table, schema=schema)
