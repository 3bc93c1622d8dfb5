"""One run of revisions, observed: what is running, what is finished, and what a failure left."""

from __future__ import annotations

import contextlib
import time
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

import psycopg
from psycopg import sql
from sqlalchemy.exc import DBAPIError

from dbtasks import maintenance
from dbtasks.errors import DbtasksError, MigrationError
from dbtasks.results import Applied
from dbtasks.steps import describe

if TYPE_CHECKING:
    from collections.abc import Iterator

    from alembic.runtime.migration import MigrationContext, MigrationStep

    from dbtasks.environment import Environment
    from dbtasks.results import Step

_STATEMENT_LENGTH = 300


class Watcher(Protocol):
    """Somebody who wants to know how far a run is."""

    def begin(self, step: Step) -> None:
        """A revision is about to run."""

    def done(self, step: Step, seconds: float) -> None:
        """A revision has run, and in a transaction of its own is committed."""


class Run:
    """The progress of one run; Alembic draws the steps from `observe`, one when it needs it."""

    def __init__(self, environment: Environment, watcher: Watcher | None) -> None:
        self._environment = environment
        self._watcher = watcher
        self._heads_before: tuple[str, ...] = ()
        self._version_table: sql.Composable | None = None
        self._one_transaction = False
        self._running: Step | None = None
        self.finished: list[Applied] = []

    def observe(
        self, steps: list[MigrationStep], heads: tuple[str, ...], context: MigrationContext
    ) -> Iterator[MigrationStep]:
        """Yield the steps; Alembic asks for the next one when the one before is done."""
        self._heads_before = tuple(heads)
        schema, table = context.version_table_schema, context.version_table
        self._version_table = sql.Identifier(*(part for part in (schema, table) if part))
        self._one_transaction = not context._transaction_per_migration  # noqa: SLF001
        for step, alembic_step in zip(describe(steps), steps, strict=True):
            self._running = step
            if self._watcher is not None:
                self._watcher.begin(step)
            started = time.perf_counter()
            yield alembic_step
            seconds = time.perf_counter() - started
            self.finished.append(Applied(revision=step.revision, seconds=seconds))
            if self._watcher is not None:
                self._watcher.done(step, seconds)
        self._running = None

    @contextlib.contextmanager
    def explained(self) -> Iterator[None]:
        """Turn whatever a revision raises into an error that says which one, and what is left."""
        try:
            yield
        except DBAPIError as error:
            raise self._failure(error) from error
        except MigrationError as error:
            if self._running is None or error.__cause__ is None:
                raise
            raise self._failure(error.__cause__) from error.__cause__

    def heads_now(self) -> tuple[str, ...]:
        """Read the version table over a connection of our own."""
        assert self._environment.url is not None
        assert self._version_table is not None
        with maintenance.connect(self._environment.url) as connection:
            try:
                rows = connection.execute(
                    sql.SQL("SELECT version_num FROM {}").format(self._version_table)
                )
                return tuple(sorted(row[0] for row in rows))
            except psycopg.errors.UndefinedTable:
                return ()

    def _failure(self, error: BaseException) -> MigrationError:
        reason = str(error.orig if isinstance(error, DBAPIError) else error).strip() or "no message"
        reason = (
            f"{type(error).__name__}: {reason}" if not isinstance(error, DBAPIError) else reason
        )
        if self._running is None:
            return MigrationError(
                f"the version table could not be used: {reason.splitlines()[0]}",
                remedy="let the role own the database, or its schema",
                code="version-table",
            )
        step, verb = self._running, "applied" if self._running.upgrade else "undone"
        details = [f"file: {step.path}"]
        if isinstance(error, DBAPIError) and error.statement:
            statement = " ".join(error.statement.split())
            details.append(f"statement: {statement[:_STATEMENT_LENGTH]}")
        details += reason.splitlines()[1:4]
        details += self._left_behind(step, verb)
        return MigrationError(
            f"revision {step.revision} ({step.message}) could not be {verb}: {reason.splitlines()[0]}",
            remedy="mend the revision's file, then run this again; what it changed is rolled back"
            if not self._has_autocommit(step)
            else "mend the revision's file, undo by hand what it did in autocommit blocks, then run this again",
            code="revision-failed",
            details=details,
        )

    def _left_behind(self, step: Step, verb: str) -> list[str]:
        """Say what the failed run changed for good, and what is left to do."""
        names = ", ".join(applied.revision for applied in self.finished) or "none"
        left = step.total - len(self.finished)
        try:
            now = self.heads_now()
        except DbtasksError as error:
            return [
                f"{verb} before it: {names}",
                f"where the database is cannot be read: {error.message}",
            ]
        if self.finished and self._one_transaction and now == tuple(sorted(self._heads_before)):
            lines = [f"rolled back with it: {names} (env.py runs all revisions in one transaction)"]
            left = step.total
        else:
            lines = [f"{verb} before it: {names}"]
        return [
            *lines,
            f"the database is at: {', '.join(now) or 'base'}; {left} of {step.total} left",
        ]

    def _has_autocommit(self, step: Step) -> bool:
        with contextlib.suppress(OSError, UnicodeDecodeError):
            return "autocommit_block" in Path(step.path).read_text(encoding="utf-8")
        return False
