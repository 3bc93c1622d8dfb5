"""Runs of revisions on a project's real database: one process at a time, and none for nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

from dbtasks.errors import MigrationError
from dbtasks.results import Outcome

if TYPE_CHECKING:
    import contextlib
    from collections.abc import Callable

    from dbtasks.migrator import Migrator
    from dbtasks.records import Records
    from dbtasks.results import Standing
    from dbtasks.servers import Server
    from dbtasks.settings import Settings
    from dbtasks.url import DatabaseURL

_T = TypeVar("_T")


class Runs:
    """What changes the revisions of a database, each time under its migration lock.

    `server` is asked for when a run begins, `migrator` when there is something to do.

    Raises:
        ServerError: with code `locked`, another process runs revisions for longer than `lock_wait`.
    """

    def __init__(
        self,
        settings: Settings,
        records: Records,
        server: Callable[[], Server],
        migrator: Callable[[], Migrator],
        say: Callable[[str], None],
    ) -> None:
        self._settings, self._records, self._say = settings, records, say
        self._server, self._migrator = server, migrator

    def migrate(self, target: str | None = None, *, fix: bool = False) -> Outcome:
        """Apply the pending revisions up to `target`; without one, all of a history with one head.

        With `fix` an invalid index that a failed CREATE INDEX CONCURRENTLY of theirs left is dropped.
        """
        return self._run(
            lambda migrator: migrator.upgrade(target, fix=fix),
            lambda url: self._migrated(url, target),
        )

    def rollback(self, steps: int = 1, *, to: str | None = None) -> Outcome:
        """Undo the last `steps` revisions, or with `to` all that came after it; `base` undoes all."""
        if to is None:
            return self._run(
                lambda migrator: migrator.rollback(steps), lambda url: self._back(url, steps)
            )
        return self._run(
            lambda migrator: migrator.downgrade(to),
            lambda url: self._unchanged(url) if self._records.is_at(url, to) else None,
        )

    def redo(self) -> Outcome:
        """Undo the last revision and apply it again."""
        return self._run(lambda migrator: migrator.redo(), lambda url: self._back(url, 1))

    def stamp(self, target: str) -> Standing:
        """Write `target` into the version table without running anything."""
        return self._run(
            lambda migrator: migrator.stamp(target), lambda url: self._stamped(url, target)
        )

    def alone(self, url: DatabaseURL) -> contextlib.AbstractContextManager[None]:
        """Let no other process run revisions on the database meanwhile."""
        from dbtasks.migration_lock import migration_lock

        return migration_lock(
            url,
            self._records.version_table(url),
            wait=self._settings.lock_wait,
            say=self._say,
            past_pooler=self._settings.lock_url,
        )

    def _run(self, work: Callable[[Migrator], _T], done: Callable[[DatabaseURL], _T | None]) -> _T:
        """Do the work alone, unless `done` finds nothing to do and returns the result.

        It is asked before, because that needs no lock, and again under the lock, because another
        process may just have done the work.
        """
        from dbtasks import maintenance

        self._records.revisions.check()
        with maintenance.looks_kept():
            url = self._server().address()
            result = done(url)
            if result is None:
                with self.alone(url):
                    result = done(url)
                    if result is None:
                        migrator = self._migrator()
                        self._records.forget_files()  # Alembic holds them now
                        result = work(migrator)
        return result

    def _migrated(self, url: DatabaseURL, target: str | None) -> Outcome | None:
        if target is not None and target not in {"head", "heads"}:
            return self._unchanged(url) if self._records.is_at(url, target) else None
        if target != "heads":
            self._records.revisions.check_one_head()
        outcome = self._unchanged(url)
        return None if outcome.pending else outcome

    def _back(self, url: DatabaseURL, steps: int) -> None:
        """Stop where nothing is applied, which no lock is needed to see."""
        if steps > 0 and not self._records.applied(url):
            from dbtasks.migrator.steps import too_few

            raise too_few(0, steps)

    def _stamped(self, url: DatabaseURL, target: str) -> Standing | None:
        try:
            return self._records.standing(url) if self._records.is_at(url, target) else None
        except MigrationError as error:
            if error.code != "unknown-current":  # which a stamp mends
                raise
            return None

    def _unchanged(self, url: DatabaseURL) -> Outcome:
        standing = self._records.standing(url)
        return Outcome(applied=(), current=standing.current, pending=standing.pending)
