"""Rows survive: every table is filled before a revision is applied, and looked at afterwards."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

import psycopg
from psycopg import sql

from dbtasks import rows
from dbtasks.errors import MigrationError, SettingsError
from dbtasks.migrator import Migrator
from dbtasks.migrator.limit import TimeLimit
from dbtasks.proofs.finding import Finding
from dbtasks.proofs.inspector import Inspector

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from dbtasks.results import Step
    from dbtasks.settings import Settings
    from dbtasks.throwaway import Throwaways

_TABLES = """
    SELECT nspname, relname FROM pg_class c JOIN pg_namespace n ON n.oid = relnamespace
    WHERE relkind IN ('r', 'p') AND nspname !~ '^pg_' AND nspname <> 'information_schema'
      AND format('%%I.%%I', nspname, relname) <> ALL (%s)
"""


@dataclass(frozen=True, kw_only=True)
class RowsResult:
    """What one revision did to the rows, and the seconds it took."""

    finding: Finding | None
    seconds: float = 0.0


class RowsWalk:
    """Applies a history on one throwaway database with rows in its tables.

    A revision that fails on rows is applied again without any, so that the walk can go on; one that fails
    then, too, is the `blocker`. Rows that the project registers are in `rows/<revision>.sql` beside
    env.py: that file runs after the revision was applied.
    """

    def __init__(
        self,
        settings: Settings,
        throwaways: Throwaways,
        say: Callable[[Step], None] = lambda _: None,
    ) -> None:
        self.results: dict[str, RowsResult] = {}
        self.blocker = ""
        self._settings, self._throwaways, self._say = settings, throwaways, say
        self._running: Step | None = None
        self._without_rows = ""
        self._refused: dict[int, str] = {}
        self._seen: rows.Picture | None = None

    def go(self) -> None:
        """Walk as far up as the revisions can be applied.

        Raises:
            DbtasksError: something other than a revision failed.
        """
        with self._throwaways.new() as url, Inspector.at(url) as self._inspector:
            # A prepared statement would not see that a revision has made a type anew.
            self._inspector.connection.prepare_threshold = None
            limit = TimeLimit(url, self._settings.revision_timeout, self)
            self._migrator = Migrator(self._settings, url, watcher=limit)
            self._folder = self._migrator.environment.env_file.parent / "rows"
            while not self.blocker:
                try:
                    with limit.installed():
                        self._migrator.stairway(())
                    return
                except MigrationError as error:
                    self._after(error)

    def reached(self, revision: str) -> bool:
        """Tell whether there is something to say of a revision."""
        return revision in self.results

    def stop(self, revision: str, found: Finding) -> None:
        """Keep what ended the walk as the result of a revision."""
        self.blocker = revision
        self.results[revision] = RowsResult(finding=found)

    def begin(self, step: Step) -> None:
        """Fill the tables before a revision."""
        self._say(step)
        self._running = step
        if step.revision != self._without_rows:
            rows.fill(self._inspector.connection, ignore=self._ignored, refused=self._refused)
            self._seen = self._picture()

    def done(self, step: Step, seconds: float) -> None:
        """Look for the rows after a revision."""
        self._running = None
        if step.revision != self._without_rows:
            before, self._seen = self._seen, self._picture()
            losses = rows.losses(before, self._seen) if before is not None else ()
            finding = _lost(step, losses) if losses else None
            self.results[step.revision] = RowsResult(finding=finding, seconds=seconds)
        self._insert(step, self._folder / f"{step.revision}.sql")

    def _picture(self) -> rows.Picture:
        connection = self._inspector.connection
        return rows.picture(connection, ignore=self._ignored, since=self._seen)

    @property
    def _ignored(self) -> tuple[str, ...]:
        return self._inspector.version_tables(self._migrator.environment.version_table)

    def _after(self, error: MigrationError) -> None:
        """Keep what failed, and empty the tables for another try."""
        step, self._running = self._running, None
        if step is None:
            raise error
        if step.revision == self._without_rows:
            self.blocker = step.revision
            return
        code = "" if error.code == "revision-timeout" else "rows-upgrade-failed"
        finding = Finding.of(error, code)
        self.results[step.revision] = RowsResult(finding=finding)
        self._without_rows = step.revision
        self._empty()

    def _empty(self) -> None:
        connection = self._inspector.connection
        names = connection.execute(_TABLES, [list(self._ignored)]).fetchall()
        if names:
            tables = sql.SQL(", ").join(sql.Identifier(*name) for name in names)
            connection.execute(sql.SQL("TRUNCATE {} CASCADE").format(tables))

    def _insert(self, step: Step, file: Path) -> None:
        """Run the SQL that the project registers for a revision."""
        with contextlib.suppress(FileNotFoundError):
            try:
                text = file.read_bytes()
                with self._inspector.connection.transaction():
                    self._inspector.connection.execute(text)
            except psycopg.Error as error:
                raise SettingsError(
                    f"{file} fails after revision {step.revision}: {error.diag.message_primary or error}",
                    remedy="let it insert rows into the tables as they are after that revision",
                    code="rows-sql",
                ) from error


def _lost(step: Step, losses: tuple[rows.Loss, ...]) -> Finding:
    more = f" and {len(losses) - 1} more" if len(losses) > 1 else ""
    return Finding(
        code=losses[0].code,
        message=f"revision {step.revision} ({step.message}) loses data: {losses[0].message}{more}",
        remedy=losses[0].remedy,
        details=(f"file: {step.path}", *(one.message for one in losses)),
        objects=tuple(f"table {one.table}" for one in losses),
    )
