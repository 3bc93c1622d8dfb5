"""Throwaway databases of a project: at head, at any revision, or a copy of the real one."""

from __future__ import annotations

import contextlib
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from dbtasks import maintenance, policy, servers
from dbtasks.ahead import imported_meanwhile
from dbtasks.alembic_config import config_files
from dbtasks.errors import STALE_COPY, MigrationError
from dbtasks.garbage import imports_that_stay
from dbtasks.kept_copy import KeptCopies, distrust
from dbtasks.revisions import read_history
from dbtasks.revisions.locations import read_locations
from dbtasks.revisions.plain import are_plain
from dbtasks.servers import docker_address
from dbtasks.templates import Templates, content_key

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from dbtasks.kept_copy import KeptCopy
    from dbtasks.migrator import Migrator
    from dbtasks.results import Difference
    from dbtasks.revisions import History
    from dbtasks.servers import Server
    from dbtasks.settings import Settings
    from dbtasks.url import DatabaseURL

_FOR_COMPARISONS = ("dbtasks.migrator", "dbtasks.drift.comparison", "dbtasks.drift.described")


class Throwaways:
    """Databases that nobody will miss, on the project's server if dbtasks made it, else on one of its own.

    `server` is asked for when it is needed; `setup` is the SQL that a new database gets first;
    `revision_timeout` are the seconds that a revision may take to be applied, None for as long as it
    likes.
    """

    def __init__(
        self,
        settings: Settings,
        server: Callable[[], Server],
        setup: Sequence[str],
        say: Callable[[str], None],
        *,
        revision_timeout: float | None = None,
    ) -> None:
        self._settings, self._setup, self._say = settings, tuple(setup), say
        self._server, self._revision_timeout = server, revision_timeout
        self._owner = f"{settings.root}\0{settings.label}"

    @cached_property
    def _url(self) -> DatabaseURL:
        """A server where databases may be made: never one that somebody else runs, unless told."""
        policy.check_throwaway(self._settings)
        if self._settings.throwaway_url is not None:
            return self._settings.throwaway_url.with_database("postgres")
        server = self._server()
        if server.owned:
            return server.start()
        return servers.open_server(self._own, self._say).start()

    @property
    def _own(self) -> Settings:
        """The settings of the server of our own where the databases are made."""
        told = self._settings
        if told.server == "external" or (told.server == "auto" and told.url is not None):
            return replace(told, url=None, server="auto")
        return told

    @cached_property
    def _templates(self) -> Templates:
        return Templates(self._url, self._owner, self._say)

    def differences(self, history: History) -> tuple[Difference, ...]:
        """Return what differs between the models and a database at head.

        That is a copy which is kept for this, or a clone where somebody else is using the copy.

        Raises:
            MigrationError: there are several heads, or a revision fails.
        """
        history.check_one_head()
        with self._kept_copy(history) as copy:
            if copy is not None:
                try:
                    return self._compared(copy, history)
                except MigrationError as error:
                    if error.code != STALE_COPY:
                        raise
                    distrust(copy)
        with self.at_head() as migrator:
            return migrator.differences()

    def _compared(self, copy: KeptCopy, history: History) -> tuple[Difference, ...]:
        """Return the differences to the kept copy; its maker saw whether the revision files have to run."""
        with imports_that_stay():
            from dbtasks.drift import on_copy

        if copy.note == _plain():
            return on_copy.differences(self._settings, copy.url, history)
        from dbtasks.migrator import Migrator

        return Migrator(self._settings, copy.url, copied=True).differences()

    @contextlib.contextmanager
    def _kept_copy(self, history: History) -> Iterator[KeptCopy | None]:
        """Yield the kept copy, made if there is none; a server that answers where it did is not looked for."""
        key = content_key(self._files(history), *self._setup)
        with self._where_it_was(key) as copy:
            if copy is not None:
                yield copy
                return
        copies = KeptCopies(self._url, self._owner)
        with copies.entered(key) as copy:
            if copy is not None:
                self._remember(copy)
                yield copy
                return
        with self.connected():
            copies.make(key, self.template(), _plain() if are_plain(history) else "run")
        with copies.entered(key) as copy:
            if copy is not None:
                self._remember(copy)
            yield copy

    @contextlib.contextmanager
    def _where_it_was(self, key: str) -> Iterator[KeptCopy | None]:
        """Yield the kept copy on the server that answered last, if that is where it was."""
        policy.check_throwaway(self._settings)
        told = self._settings.throwaway_url
        known = docker_address.recall(self._own) if told is None else None
        if known is None:
            yield None
            return
        copies = KeptCopies(known.url, self._owner, **docker_address.ONLY_TO_OURS)
        with contextlib.ExitStack() as stack:
            with imports_that_stay(), imported_meanwhile("dbtasks.drift.on_copy"):
                copy = stack.enter_context(copies.entered(key))
            yield copy if copy is not None and copy.system == known.system else None

    def _remember(self, copy: KeptCopy) -> None:
        if self._settings.throwaway_url is None:
            docker_address.remember(self._own, copy.url, copy.system)

    @contextlib.contextmanager
    def at_head(self) -> Iterator[Migrator]:
        """Yield the migrations on a database at head: built once for a history, then cloned.

        Raises:
            MigrationError: there are several heads, or a revision fails.
        """
        with self.connected(), contextlib.ExitStack() as stack:
            template = self.template()
            with imported_meanwhile(*_FOR_COMPARISONS):
                url = stack.enter_context(self.clone(template))
            yield self._migrator(url)

    def template(self) -> DatabaseURL:
        """Return the database at head that is kept to be cloned, built now if there is none.

        Raises:
            MigrationError: there are several heads, or a revision fails.
        """
        history = read_history(self._settings)
        history.check_one_head()
        version = self._templates.server_version()
        key = content_key(self._files(history), *self._setup, version)
        return self._templates.get(key, lambda url: self._build(url, "heads"))

    def _files(self, history: History) -> list[Path]:
        """Return the files that decide what a database at head has."""
        files = [Path(one.path) for one in history.revisions.values()]
        files += [read_locations(self._settings).script / "env.py"]
        files += [path for path in config_files(self._settings) if path is not None]
        return files

    def connected(self) -> contextlib.AbstractContextManager[None]:
        """Make, clone and drop on one connection meanwhile."""
        return self._templates.connected()

    def clone(self, database: DatabaseURL) -> contextlib.AbstractContextManager[DatabaseURL]:
        """Yield a copy of a template, or of any database of the same server that nobody is using.

        Raises:
            ServerError: with code `clone`, for example because somebody is connected to it.
        """
        return self._templates.clone(database)

    def empty(self) -> contextlib.AbstractContextManager[DatabaseURL]:
        """Yield a database with nothing in it."""
        return self._templates.empty()

    @contextlib.contextmanager
    def new(self) -> Iterator[DatabaseURL]:
        """Yield a database that has had `setup_sql`, and no revision."""
        with self.empty() as url:
            maintenance.set_up(url, self._setup)
            yield url

    @contextlib.contextmanager
    def at(
        self, current: Sequence[str], *, parents: Mapping[str, str] | None = None
    ) -> Iterator[Migrator]:
        """Yield the migrations on a database without rows, migrated to some revisions.

        `parents` says which revisions follow another one than their files say.
        """
        with self.empty() as url:
            self._build(url, *current, parents=parents)
            yield self._migrator(url, parents=parents)

    @contextlib.contextmanager
    def copy_of(self, database: DatabaseURL) -> Iterator[Migrator]:
        """Yield the migrations on a copy of a database of the same server, rows and all.

        Raises:
            ServerError: with code `clone`, for example because somebody is connected to it.
        """
        with self.clone(database) as url:
            yield self._migrator(url)

    def _migrator(self, url: DatabaseURL, *, parents: Mapping[str, str] | None = None) -> Migrator:
        from dbtasks.migrator import Migrator

        return Migrator(self._settings, url, parents=parents)

    def _build(
        self, url: DatabaseURL, *targets: str, parents: Mapping[str, str] | None = None
    ) -> None:
        maintenance.set_up(url, self._setup)
        for target in targets:
            self.upgrade(self._settings, url, target, parents=parents)

    def upgrade(
        self,
        settings: Settings,
        url: DatabaseURL,
        target: str = "heads",
        *,
        parents: Mapping[str, str] | None = None,
    ) -> Migrator:
        """Migrate a throwaway database within the time limit; return its migrations.

        Raises:
            MigrationError: a revision failed, or took too long.
        """
        from dbtasks.migrator import Migrator
        from dbtasks.migrator.limit import TimeLimit

        if self._revision_timeout is None:
            migrator = Migrator(settings, url, parents=parents)
            migrator.upgrade(target)
            return migrator
        limit = TimeLimit(url, self._revision_timeout)
        migrator = Migrator(settings, url, watcher=limit, parents=parents)
        with limit.installed():
            migrator.upgrade(target)
        return migrator


def _plain() -> str:
    """Return the note on revision files that need not run, with the versions of what they import."""
    from dbtasks.drift.on_copy import versions

    return f"plain-{versions()}"
