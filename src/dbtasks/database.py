"""One database's whole life: its server, the database itself, and its migrations."""

from __future__ import annotations

from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dbtasks import servers
from dbtasks.errors import DbtasksError, SettingsError
from dbtasks.results import DatabaseStatus, Outcome, Revision, Standing

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable

    from dbtasks.history import History
    from dbtasks.migrator import Migrator
    from dbtasks.revision_file import RevisionSource
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
        """Return the migrations on the running server's database.

        Raises:
            MigrationError: the files do not make up one sound history; nothing is asked then.
        """
        from dbtasks.migrator import Migrator

        self.revisions.check()
        return Migrator(self.settings, self.server.address(), watcher=self._watcher)

    def files(self) -> Migrator:
        """Return the migrations as their files tell them, without any database."""
        from dbtasks.migrator import Migrator

        self.revisions.check()
        return Migrator(self.settings)

    @cached_property
    def revisions(self) -> History:
        """The revision files, read as source: Alembic and the project are not imported."""
        from dbtasks.revisions import read_history

        return read_history(self.settings)

    def history(self) -> tuple[Revision, ...]:
        """Return every revision, newest first, the current ones marked if the server runs."""
        sources = self.revisions.ordered()
        current: tuple[str, ...] = ()
        try:
            status = self.server.status()
            if status.state == "running" and status.url is not None:
                current = self.applied(status.url)
        except DbtasksError as error:
            self._say(f"the current revision is not marked: {error.message}")
        return self._described(sources, current)

    def heads(self) -> tuple[Revision, ...]:
        """Return the effective heads; the database is not asked."""
        heads = self.revisions.effective_heads
        return self._described(one for one in self.revisions.ordered() if one.revision in heads)

    def current(self) -> tuple[Revision, ...]:
        """Return the revisions that the database is at."""
        applied = self.applied(self.server.address())
        self.revisions.pending(applied)  # refuses what no file has
        sources = (one for one in self.revisions.ordered() if one.revision in applied)
        return self._described(sources, applied)

    def applied(self, url: DatabaseURL) -> tuple[str, ...]:
        """Read the version table; env.py runs only if it is not known which table that is."""
        from dbtasks import maintenance, version_table
        from dbtasks.migrator import Migrator

        self.revisions.check()
        table = version_table.recall(self.settings)
        if table is None:
            return Migrator(self.settings, url).standing().current
        return maintenance.applied_revisions(url, table.table, table.schema)

    def standing(self, url: DatabaseURL) -> Standing:
        """Return where the database stands against the revision files."""
        applied = self.applied(url)
        return Standing(
            current=applied,
            heads=self.revisions.effective_heads,
            pending=len(self.revisions.pending(applied)),
        )

    def migrate(self, target: str | None = None) -> Outcome:
        """Apply the pending revisions up to `target`; without one, all of a history with one head.

        With nothing to do, Alembic is not imported.
        """
        url = self.server.address()
        if target in {None, "head", "heads"}:
            if target != "heads":
                self.revisions.check_one_head()
            standing = self.standing(url)
            if standing.pending == 0:
                return Outcome(applied=(), current=standing.current, pending=0)
        return self.migrator().upgrade(target)

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

    def status(self) -> DatabaseStatus:
        """Look at server, database and migrations; what cannot be told becomes the `problem`."""
        from dbtasks import maintenance

        status = self.server.status()
        told: dict[str, Any] = {}
        try:
            told["heads"] = self.revisions.effective_heads
            if status.state == "running" and status.url is not None:
                told["version"] = maintenance.server_version(status.url)
                standing = self.standing(status.url)
                told.update(current=standing.current, pending=standing.pending)
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
        self._check_files()
        self.create()
        return self.migrate()

    def recreate(self, *, all_volumes: bool = False) -> Outcome:
        """Destroy the database's container and volume, or data folder, and init anew."""
        self._check_files()
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

    def _check_files(self) -> None:
        """Stop before anything is started or destroyed for migrations that cannot be run."""
        self.files()

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
