"""What the revision files and the version table say; Alembic is imported only where it must be."""

from __future__ import annotations

from dataclasses import replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from dbtasks.errors import DbtasksError, MigrationError, ServerError
from dbtasks.garbage import no_collections
from dbtasks.results import Revision, Standing

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable

    from dbtasks.migrator import Migrator
    from dbtasks.revisions.history import History
    from dbtasks.revisions.source import RevisionSource
    from dbtasks.servers import Server
    from dbtasks.settings import Settings
    from dbtasks.url import DatabaseURL
    from dbtasks.version_table import VersionTable


class Records:
    """The history of a project, and where its database stands in it.

    `server` is asked for when the database is; the files alone need none.
    """

    def __init__(
        self, settings: Settings, server: Callable[[], Server], say: Callable[[str], None]
    ) -> None:
        self._settings, self._server, self._say = settings, server, say
        self._version_table: VersionTable | None = None

    @cached_property
    def revisions(self) -> History:
        """The revision files, read as source: Alembic and the project are not imported."""
        from dbtasks.revisions import read_history

        history = read_history(self._settings, check=False)
        try:
            history.check()
        except MigrationError as error:
            if error.code != "missing-parent":
                raise
            raise self._with_place(error, history.missing_parents[0].parent) from error
        if history.computed:
            self._say(f"Alembic was asked what these compute: {', '.join(history.computed)}")
        return history

    def forget_files(self) -> None:
        """Give back the memory that the revision files take; they are read again when asked for."""
        vars(self).pop("revisions", None)

    def _with_place(self, error: MigrationError, revision: str) -> MigrationError:
        """Add which branch or commit has a missing revision, if git knows one."""
        from dbtasks.git import find_repository, places

        try:
            place = places.place_of(find_repository(self._settings.root), revision)
        except DbtasksError:
            return error
        if place is None:
            return error
        return MigrationError(
            error.message,
            remedy=place.remedy,
            code=error.code,
            details=[*error.details, str(place)],
        )

    def history(
        self, *, from_: str | None = None, to: str | None = None, last: int | None = None
    ) -> tuple[Revision, ...]:
        """Return the revisions, newest first, the current ones marked if the server runs.

        `from_` and `to` are the oldest and the newest to return, `last` keeps so many of the newest.
        """
        from dbtasks.pictures.ranges import select

        current: tuple[str, ...] = ()
        with no_collections():
            sources = self.revisions.ordered()
            try:
                current = self._applied_if_running()
            except DbtasksError as error:
                self._say(f"the current revision is not marked: {error.message}")
            found = self._described(sources, current)
            return select(found, from_=from_, to=to, last=last)

    def _applied_if_running(self) -> tuple[str, ...]:
        from dbtasks import maintenance

        with maintenance.looks_kept():
            status = self._server().status()
            if status.state != "running" or status.url is None:
                return ()
            return self.applied(status.url)

    def merged_heads(self, base: str) -> tuple[Revision, ...]:
        """Return the effective heads that merging this branch into `base` would give.

        Raises:
            MigrationError: git cannot tell, or both sides changed one file's identifiers.
        """
        from dbtasks.git.base_branch import merged_heads

        found = merged_heads(self._settings, self.revisions, base)
        if found.conflicts:
            found.check()
        if found.remedy:
            self._say(f"merging into {found.base} gives several heads: {found.remedy}")
        heads = tuple(replace(one, is_head=True) for one in self._described(found.heads))
        return self._told_by_git(heads, found.commit)

    def heads(self) -> tuple[Revision, ...]:
        """Return the effective heads; the database is not asked."""
        heads = self.revisions.effective_heads
        if len(heads) > 1:  # newest first, as everywhere
            heads = tuple(one.revision for one in self.revisions.ordered() if one.revision in heads)
        return self._told_by_git(self._described(self.revisions.revisions[one] for one in heads))

    def _told_by_git(self, revisions: tuple[Revision, ...], *commits: str) -> tuple[Revision, ...]:
        """Add who changed each revision's file last, and when if the file has no Create Date."""
        from dbtasks.git.last_change import last_change

        folder = self._settings.root
        found = []
        try:
            for one in revisions:
                change = last_change(folder, Path(one.path), *commits)
                if change is not None:
                    date = one.date or change.date
                    found.append(replace(one, author=change.author, date=date))
                else:
                    found.append(one)
        except DbtasksError:  # no git, or no repository: nobody to name
            return revisions
        return tuple(found)

    def current(self) -> tuple[Revision, ...]:
        """Return the revisions that the database is at."""
        applied = self.applied(self._server().address())
        self.revisions.pending(applied)  # refuses what no file has
        sources = (one for one in self.revisions.ordered() if one.revision in applied)
        return self._described(sources, applied)

    def applied(self, url: DatabaseURL) -> tuple[str, ...]:
        """Read the version table; env.py runs only if it is not known which table that is."""
        from dbtasks import maintenance, version_table

        self.revisions.check()
        table = version_table.recall(self._settings)
        if table is None:
            migrator = self._migrator(url)
            current = migrator.standing().current
            self._version_table = migrator.environment.version_table
            return current
        try:
            return maintenance.applied_revisions(url, table.table, table.schema)
        except ServerError as error:
            raise self._server().explain(error) from error

    def is_at(self, url: DatabaseURL, target: str) -> bool:
        """Tell whether the database is at `target` exactly, so that nothing is to do to get there."""
        try:
            wanted = self.revisions.get(target)
        except MigrationError:  # wrong, or relative as +1 is: Alembic tells
            return False
        return {one.revision for one in wanted} == set(self.applied(url))

    def version_table(self, url: DatabaseURL) -> VersionTable:
        """Return which table is the version table; env.py runs only if that is not known."""
        from dbtasks import version_table

        told = version_table.recall(self._settings) or self._version_table
        if told is None:
            told = self._version_table = self._migrator(url).version_table()
        return told

    def _migrator(self, url: DatabaseURL) -> Migrator:
        from dbtasks.migrator import Migrator

        self.enter(url)
        return Migrator(self._settings, url)

    def standing(self, url: DatabaseURL) -> Standing:
        """Return where the database stands against the revision files."""
        applied = self.applied(url)
        return Standing(
            current=applied,
            heads=self.revisions.effective_heads,
            pending=len(self.revisions.pending(applied)),
        )

    def _described(
        self, sources: Iterable[RevisionSource], current: Collection[str] = ()
    ) -> tuple[Revision, ...]:
        heads = self.revisions.effective_heads
        return tuple(
            Revision(
                revision=one.revision,
                down_revision=one.down_revision,
                message=one.message,
                path=one.path,
                is_head=one.revision in heads,
                is_current=one.revision in current,
                branch_labels=one.branch_labels,
                depends_on=one.depends_on,
                date=one.date,
            )
            for one in sources
        )

    def enter(self, url: DatabaseURL) -> None:
        """Stop unless the database exists and lets us in; env.py would explain it less well."""
        from dbtasks import maintenance

        try:
            with maintenance.look(url):
                return
        except ServerError as error:
            raise self._server().explain(error) from error
