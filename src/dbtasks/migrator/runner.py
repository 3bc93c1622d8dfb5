"""Steps run by Alembic: announced, watched, tried again after a lock was not to be had."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dbtasks.errors import MigrationError
from dbtasks.migrator import half_done
from dbtasks.migrator.left_indexes import LeftIndexes
from dbtasks.migrator.lock_watch import LockWatch
from dbtasks.migrator.retries import Retries
from dbtasks.migrator.run import Run
from dbtasks.migrator.steps import check_known, describe

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from alembic.runtime.migration import MigrationContext, MigrationStep

    from dbtasks.environment import Environment
    from dbtasks.migrator.rehearsal import Rehearsal
    from dbtasks.migrator.run import Watcher
    from dbtasks.results import Step


class Runner:
    """Runs steps in one environment, and tells of them; for the parameters see `Migrator`."""

    def __init__(
        self,
        environment: Environment,
        watcher: Watcher | None,
        announce: Callable[[tuple[Step, ...]], None],
        tell: Callable[[str], None] | None,
    ) -> None:
        self._environment = environment
        self._watcher, self._announce, self._tell = watcher, announce, tell

    def run(
        self,
        steps_from: Callable[[tuple[str, ...]], list[MigrationStep]],
        *,
        rehearsal: Rehearsal | None = None,
        commit_each: bool = False,
        fix: bool = False,
    ) -> Run:
        """Let Alembic run the steps; tell the watcher, time each, and explain a failure.

        Args:
            steps_from: what gives the steps, of the heads that the database is at.
            rehearsal: who keeps the SQL; it watches instead of the watcher.
            commit_each: give each revision a transaction of its own, whatever env.py says.
            fix: drop an invalid index that a failed CREATE INDEX CONCURRENTLY of these left.
        """
        tell = self._tell or (lambda _: None)
        watch = LockWatch(self._environment.url, tell) if self._tell else None
        indexes = LeftIndexes(self._environment, tell, fix=fix) if self._tell else None
        run = Run(self._environment, rehearsal or self._watcher, watch, indexes)
        retries = Retries(self._environment, tell, indexes)
        planned: list[MigrationStep] = []
        before = 0

        def work(heads: tuple[str, ...], context: MigrationContext) -> Iterator[MigrationStep]:
            nonlocal before
            check_known(self._environment.script, heads)
            if retries.made:
                return run.observe(planned[run.count_kept(heads) - before :], heads, context)
            before, planned[:] = run.count_kept(heads), steps_from(heads)
            if planned:
                steps = describe(planned)
                self._announce(steps)
                warning = half_done.warning(steps, context) if self._tell else ""
                if warning:
                    tell(warning)
            return run.observe(planned, heads, context)

        record = rehearsal.record if rehearsal is not None else None
        try:
            while True:
                try:
                    with run.explained(), run.journal.alone():
                        self._environment.run(work, record=record, commit_each=commit_each)
                    break
                except MigrationError as error:
                    retries.again(run, error)
        finally:
            if watch is not None:
                watch.stop()
        return run
