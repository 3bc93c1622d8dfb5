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
from dbtasks.revisions import read_history
from dbtasks.revisions.locations import read_locations
from dbtasks.templates import Templates, content_key

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from dbtasks.migrator import Migrator
    from dbtasks.servers import Server
    from dbtasks.settings import Settings
    from dbtasks.url import DatabaseURL

_FOR_COMPARISONS = ("dbtasks.migrator", "dbtasks.drift.comparison", "dbtasks.drift.described")


class Throwaways:
    """Databases that nobody will miss, on the project's server if dbtasks made it, else on one of its own.

    `setup` is the SQL that a new database gets first; `revision_timeout` are the seconds that a revision
    may take to be applied, None for as long as it likes.
    """

    def __init__(
        self,
        settings: Settings,
        server: Server,
        setup: Sequence[str],
        say: Callable[[str], None],
        *,
        revision_timeout: float | None = None,
    ) -> None:
        self._settings, self._setup, self._say = settings, tuple(setup), say
        self._server, self._revision_timeout = server, revision_timeout

    @cached_property
    def _url(self) -> DatabaseURL:
        """A server where databases may be made: never one that somebody else runs, unless told."""
        policy.check_throwaway(self._settings)
        if self._settings.throwaway_url is not None:
            return self._settings.throwaway_url.with_database("postgres")
        if self._server.owned:
            return self._server.start()
        own = replace(self._settings, url=None, server="auto")
        return servers.open_server(own, self._say).start()

    @cached_property
    def _templates(self) -> Templates:
        owner = f"{self._settings.root}\0{self._settings.label}"
        return Templates(self._url, owner, self._say)

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
        files = [Path(one.path) for one in history.revisions.values()]
        version = self._templates.server_version()
        files += [read_locations(self._settings).script / "env.py"]
        files += [path for path in config_files(self._settings) if path is not None]
        key = content_key(files, *self._setup, version)
        return self._templates.get(key, lambda url: self._build(url, "heads"))

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
