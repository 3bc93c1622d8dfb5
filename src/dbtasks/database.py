"""One database's whole life: its server, the database itself, and its migrations."""

from __future__ import annotations

from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dbtasks import servers
from dbtasks.errors import DbtasksError, SettingsError
from dbtasks.results import DatabaseStatus

if TYPE_CHECKING:
    from collections.abc import Callable

    from dbtasks.migrator import Migrator
    from dbtasks.results import Outcome, Revision
    from dbtasks.run import Watcher
    from dbtasks.servers import Choice, Server
    from dbtasks.settings import Settings
    from dbtasks.throwaway import Throwaways
    from dbtasks.url import DatabaseURL


class Database:
    """The database of a project's settings.

    `say` receives one-line progress messages, `watcher` every revision that runs.
    """

    def __init__(
        self,
        settings: Settings,
        *,
        say: Callable[[str], None] = lambda _: None,
        watcher: Watcher | None = None,
    ) -> None:
        self.settings = settings
        self._say = say
        self._watcher = watcher

    @cached_property
    def choice(self) -> Choice:
        """The kind of server, and why it is this one."""
        return servers.choose(self.settings)

    @cached_property
    def server(self) -> Server:
        """The server, in whatever state it is."""
        return servers.open_server(self.settings, self._say, kind=self.choice.kind)

    def migrator(self) -> Migrator:
        """Return the migrations on the running server's database."""
        from dbtasks.migrator import Migrator

        return Migrator(self.settings, self.server.address(), watcher=self._watcher)

    def files(self) -> Migrator:
        """Return the migrations as their files tell them, without any database."""
        from dbtasks.migrator import Migrator

        return Migrator(self.settings)

    def history(self) -> tuple[Revision, ...]:
        """Return every revision, newest first, the current ones marked if the server runs."""
        return self.files().history(self._current())

    def heads(self) -> tuple[Revision, ...]:
        """Return the heads, the current ones marked if the server runs."""
        current = self._current()
        return tuple(one for one in self.files().history(current) if one.is_head)

    def current(self) -> tuple[Revision, ...]:
        """Return the revisions that the database is at."""
        migrator = self.migrator()
        current = migrator.standing().current
        return tuple(one for one in migrator.history(current) if one.is_current)

    def _current(self) -> tuple[str, ...]:
        if self.server.status().state != "running":
            return ()
        try:
            return self.migrator().standing().current
        except DbtasksError as error:
            self._say(f"the current revision is not marked: {error.message}")
            return ()

    def status(self) -> DatabaseStatus:
        """Look at server, database and migrations; what cannot be told becomes the `problem`."""
        from dbtasks import maintenance

        status = self.server.status()
        told: dict[str, Any] = {}
        try:
            if status.state == "running" and status.url is not None:
                told["version"] = maintenance.server_version(status.url)
                standing = self.migrator().standing()
                told.update(
                    current=standing.current, heads=standing.heads, pending=standing.pending
                )
            else:
                told["heads"] = self.files().head_names()
        except DbtasksError as error:
            told["problem"] = error.message
        return DatabaseStatus(
            server=status,
            reason=self.choice.reason,
            database=status.url.database if status.url else self.settings.database,
            **told,
        )

    def create(self) -> DatabaseURL:
        """Start the server, create the database if it is missing, and run `setup_sql` in a new one."""
        from dbtasks import maintenance

        statements = self._setup_statements()
        url = self.server.start()
        if maintenance.create(url):
            self._say(f"created database {url.database}")
        if maintenance.set_up(url, statements):
            self._say("ran setup_sql")
        return url

    def init(self) -> Outcome:
        """Start the server, create and set up the database, and migrate it to head."""
        from dbtasks.alembic_config import config_files

        config_files(self.settings)  # nothing is started for a project without migrations
        self.create()
        return self.migrator().upgrade()

    def recreate(self, *, all_volumes: bool = False) -> Outcome:
        """Destroy the database's container and volume, or data folder, and init anew."""
        from dbtasks.alembic_config import config_files

        config_files(self.settings)
        self.destroy(all_volumes=all_volumes)
        return self.init()

    def destroy(self, *, all_volumes: bool = False) -> None:
        """Remove the server with all its data.

        Raises:
            RefusedError: dbtasks did not make the server.
            UsageError: `all_volumes` of a server that is no compose service.
        """
        if all_volumes:
            self.server.destroy_all()
        else:
            self.server.destroy()

    def throwaways(self) -> Throwaways:
        """Return the throwaway databases of this project."""
        from dbtasks.throwaway import Throwaways

        return Throwaways(self.settings, self.server, self._setup_statements(), self._say)

    def wait(self, timeout: float) -> DatabaseURL:
        """Wait until the database's server answers; start nothing."""
        url = self.server.address()
        servers.wait_until_ready(url, timeout=timeout, say=self._say)
        return url

    def _setup_statements(self) -> list[str]:
        """Read `setup_sql`: an entry that ends in .sql is a file of the project."""
        statements = []
        for entry in self.settings.setup_sql:
            if not entry.lower().endswith(".sql"):
                statements.append(entry)
                continue
            path = self.settings.root / Path(entry).expanduser()
            try:
                statements.append(path.read_text(encoding="utf-8"))
            except (OSError, UnicodeDecodeError) as error:
                raise SettingsError(
                    f"setup_sql names {path}, which cannot be read: {error}",
                    remedy=f"correct setup_sql ({self.settings.sources['setup_sql']})",
                ) from error
        return statements
