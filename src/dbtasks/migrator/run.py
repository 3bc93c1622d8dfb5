"""One run of revisions, observed: what is running, what is finished, and what a failure left."""

from __future__ import annotations

import contextlib
import time
from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple, Protocol

import psycopg
import sqlalchemy
from psycopg import sql
from sqlalchemy.exc import DBAPIError

from dbtasks import maintenance
from dbtasks.environment.errors import (
    left_over_type_remedy,
    reason,
    reasons,
    statement,
    version_table_remedy,
)
from dbtasks.errors import MigrationError, ServerError
from dbtasks.migrator import half_done, left_indexes
from dbtasks.migrator.half_done import Failure
from dbtasks.migrator.journal import Journal
from dbtasks.migrator.steps import applied, describe
from dbtasks.results import Applied

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

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
        self._version_table: sql.Composable | None = None
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
                raise self._stopped(self._running, error) from error
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
                f"{self._environment.env_file} ran {_names(self._done)} and did not commit;"
                f" the database is at {', '.join(now) or 'base'}",
                remedy="let env.py use context.begin_transaction(), and commit what it began before context.configure()",
                code="not-committed",
            )
        return now

    def _read_heads(self) -> tuple[str, ...]:
        assert self._environment.url is not None
        if self._version_table is None:
            return ()
        with maintenance.look(self._environment.url) as connection:
            try:
                rows = connection.execute(
                    sql.SQL("SELECT version_num FROM {}").format(self._version_table)
                )
                return tuple(sorted(row[0] for row in rows))
            except psycopg.errors.UndefinedTable:
                return ()

    def _kept(self, heads: Sequence[str]) -> list[_Done]:
        """Return the finished revisions that a database at `heads` still shows."""
        has = applied(self._environment.script, heads)
        return [done for done in self._done if (done.step.revision in has) == done.step.upgrade]

    def _failure(self, error: MigrationError, cause: BaseException) -> MigrationError:
        assert self._context is not None
        if self._running is None and not self._done:
            return error
        if self._running is None:
            return self._failure_after(error, cause)
        if self._context.as_sql:
            return _not_as_sql(self._running, cause)
        return self._failure_in(self._running, cause)

    def _failure_in(self, step: Step, cause: BaseException) -> MigrationError:
        """Say which revision failed, where, and what that left behind."""
        lost, left_behind, heads = self._left_behind(step)
        self.failed = Failure(step=step, cause=cause, lost=tuple(lost), heads=heads)
        if self._indexes is not None and heads is not None:
            left = self._indexes.left()
            mend = self._indexes.remedy(left, upgrade=step.upgrade)
            mend = mend or self._indexes.remedy_of_done(cause)
            self.failed = replace(self.failed, left=left, left_remedy=mend)
        remedy = (
            version_table_remedy(cause)
            or left_over_type_remedy(cause)
            or half_done.remedy(self.failed, self.journal)
        )
        return MigrationError(
            f"{_named(step)} could not be {_verb(step)}: {_first(cause)}",
            remedy=remedy,
            code="revision-failed",
            details=[
                *_details(step, cause),
                *(
                    f"it left the invalid index {one.name} of {one.table}"
                    for one in self.failed.left
                ),
                *half_done.lines((*lost, step), self.journal),
                *left_behind,
            ],
            revision=step.revision,
        )

    def _stopped(self, step: Step, error: MigrationError) -> MigrationError:
        """Say which revision was not gone on with, and what was left behind."""
        lost, left_behind, _ = self._left_behind(step)
        half = half_done.lines((*lost, step), self.journal)
        return MigrationError(
            f"{_named(step)} could not be {_verb(step)}: {error.message}",
            remedy=error.remedy,
            code=error.code,
            details=[f"file: {step.path}", *half, *left_behind],
            revision=step.revision,
        )

    def _failure_after(self, error: MigrationError, cause: BaseException) -> MigrationError:
        """Say what was left behind by an error that came when all revisions had run."""
        _, left_behind, _ = self._left_behind(self._done[-1].step)
        if not isinstance(cause, DBAPIError):
            return MigrationError(
                error.message,
                remedy=error.remedy,
                code=error.code,
                details=[*error.details, *left_behind],
            )
        return MigrationError(
            f"the revisions ran and could not be committed: {reason(cause)}",
            remedy="mend the revision that writes what the database refuses, then run this again",
            code="revision-failed",
            details=[*reasons(cause)[1:4], *left_behind],
        )

    def _left_behind(self, step: Step) -> tuple[list[Step], list[str], tuple[str, ...] | None]:
        """Return the finished revisions that were rolled back, lines on what is left, and the heads."""
        try:
            now = self._read_heads()
        except ServerError as error:
            return [], [f"where the database is cannot be read: {error.message}"], None
        kept = self._kept(now)
        # On a stairway a revision has several steps; the last one says where it should be.
        last = {done.step.revision: done for done in self._done}
        lost = [done for done in last.values() if done not in kept]
        before = [last[name] for name in last if last[name] in kept]
        lines = []
        if before or not lost:
            same = [done for done in before if done.step.upgrade == step.upgrade]
            lines.append(f"{_verb(step)} before it: {_names(same)}")
        if lost:
            lines.append(f"rolled back with it: {_names(lost)} (they shared one transaction)")
        where = ", ".join(now) or "base"
        left = step.total - len(self._done) + len(lost)
        lines.append(f"the database is at: {where}; {left} of {step.total} left")
        return [done.step for done in lost], lines, now


def _version_table(context: MigrationContext) -> sql.Composable | None:
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
    return sql.Identifier(*(part for part in (schema, table) if part))


def _not_as_sql(step: Step, cause: BaseException) -> MigrationError:
    return MigrationError(
        f"{_named(step)} cannot be written as SQL: {_first(cause)}",
        remedy="a migration that reads data has to be run; --sql writes it without looking at the database",
        code="not-offline",
        details=_details(step, cause),
    )


def _named(step: Step) -> str:
    return f"revision {step.revision} ({step.message})"


def _verb(step: Step) -> str:
    return "applied" if step.upgrade else "undone"


def _names(done: Iterable[_Done]) -> str:
    return ", ".join(dict.fromkeys(one.step.revision for one in done)) or "none"


def _first(cause: BaseException) -> str:
    return (
        reason(cause)
        if isinstance(cause, DBAPIError)
        else f"{type(cause).__name__}: {reason(cause)}"
    )


def _details(step: Step, cause: BaseException) -> list[str]:
    failed = statement(cause) if isinstance(cause, DBAPIError) else []
    return [f"file: {step.path}", *failed, *reasons(cause)[1:4]]
