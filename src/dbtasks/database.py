"""One database's whole life: its server, the database itself, and its migrations."""

from __future__ import annotations

import contextlib
from functools import cached_property
from typing import TYPE_CHECKING, Any

from dbtasks import policy, setup_sql
from dbtasks.ahead import imported_meanwhile
from dbtasks.errors import DbtasksError, MigrationError, ServerError
from dbtasks.garbage import imports_that_stay
from dbtasks.records import Records
from dbtasks.results import DatabaseStatus, Outcome

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from dbtasks.migrator import Migrator
    from dbtasks.migrator.run import Watcher
    from dbtasks.rebase.run import PreparedRebase, RebaseOutcome
    from dbtasks.results import Difference, RehearsedStep, Step
    from dbtasks.runs import Runs
    from dbtasks.server_template import ServerTemplate, ServerTemplates
    from dbtasks.server_upgrade import ServerUpgrade
    from dbtasks.servers import Choice, Server
    from dbtasks.settings import Settings
    from dbtasks.throwaway import Throwaways
    from dbtasks.url import DatabaseURL


class Database:
    """The database of a project's settings.

    `say` receives one-line progress messages, `watcher` every revision that runs; `announce` what
    is about to run on a server that dbtasks did not make, `tell` what a person has to know while
    revisions run, such as who holds a lock.
    """

    def __init__(
        self,
        settings: Settings,
        *,
        say: Callable[[str], None] = lambda _: None,
        watcher: Watcher | None = None,
        announce: Callable[[policy.Target, tuple[Step, ...]], None] = lambda *_: None,
        tell: Callable[[str], None] = lambda _: None,
    ) -> None:
        self.settings = settings
        self._say, self._tell = say, tell
        self._watcher, self._announce = watcher, announce

    @cached_property
    def choice(self) -> Choice:
        """The kind of server, and why it is this one."""
        from dbtasks import servers

        return servers.choose(self.settings)

    @cached_property
    def server(self) -> Server:
        """The server, in whatever state it is."""
        from dbtasks import servers

        return servers.open_server(self.settings, self._say, kind=self.choice.kind)

    @cached_property
    def records(self) -> Records:
        """What the revision files and the version table say."""
        return Records(self.settings, lambda: self.server, self._say)

    @cached_property
    def runs(self) -> Runs:
        """The runs of revisions on this database, one process at a time.

        On a server that dbtasks did not make they undo nothing; those of `runs_to_undo` do.
        """
        return self._runs(self.migrator)

    def _runs(self, migrator: Callable[[], Migrator]) -> Runs:
        from dbtasks.runs import Runs

        return Runs(self.settings, self.records, lambda: self.server, migrator, self._say)

    def migrator(self, *, yes_destroy: str = "") -> Migrator:
        """Return the migrations on the running server's database, to look at; `runs` lets them run.

        `yes_destroy` is as for `Migrator`.

        Raises:
            MigrationError: the files do not make up one sound history; nothing is asked then.
        """
        with imports_that_stay():
            from dbtasks.migrator import Migrator

        self.records.revisions.check()
        target = self._target(self._reachable())
        if target.owned:
            return Migrator(self.settings, target.url, watcher=self._watcher, tell=self._tell)
        return Migrator(
            self.settings,
            target.url,
            watcher=self._watcher,
            tell=self._tell,
            announce=lambda steps: self._announce(target, steps),
            yes_destroy=yes_destroy,
        )

    def runs_to_undo(self, operation: str, agree: policy.Agree) -> Runs:
        """Return the runs of revisions for an `operation` that loses something, such as "undo revisions of".

        `agree` returns which database somebody named for it.

        Raises:
            RefusedError: dbtasks did not make the server, and the database was not named.
        """
        self.migrator()  # what cannot be done is no question
        name = self._named(operation, agree)
        return self._runs(lambda: self.migrator(yes_destroy=name))

    def _named(self, operation: str, agree: policy.Agree) -> str:
        """Return the database's name once the policy allows to do something to it that loses something."""
        target = self._target(self.server.address())
        policy.check(target, operation, agree(target))
        return target.url.database

    def _target(self, url: DatabaseURL) -> policy.Target:
        return policy.Target(url=url, owned=self.server.owned, source=self.settings.sources["url"])

    def _reachable(self) -> DatabaseURL:
        url = self.server.address()
        self.records.enter(url)
        return url

    def files(self) -> Migrator:
        """Return the migrations as their files tell them, without any database."""
        from dbtasks.migrator import Migrator

        self.records.revisions.check()
        return Migrator(self.settings)

    def prepare_rebase(self, **wishes: Any) -> PreparedRebase:
        """Plan to put a branch of the history behind another one; nothing is written yet.

        `wishes` are the keyword arguments of `dbtasks.rebase.run.prepare_rebase`.
        """
        from dbtasks.rebase.run import prepare_rebase

        return prepare_rebase(self.settings, applied=self._applied_anywhere(), **wishes)

    def _applied_anywhere(self) -> tuple[str, ...]:
        """Return what is applied, starting a stopped server to know; a missing database has nothing."""
        status = self.server.status()
        if status.state == "absent":
            return ()
        running = status.url if status.state == "running" else None
        try:
            return self.records.applied(running or self.server.start())
        except ServerError as error:
            if error.code != "database-missing":
                raise
            return ()

    def rebase(self, prepared: PreparedRebase, agree: policy.Agree) -> RebaseOutcome:
        """Rewrite the file, prove the new history on throwaway databases, migrate if asked.

        Raises:
            RefusedError: the database has to be rolled back, and `agree` did not name it, as for
                `runs_to_undo`.
        """
        from dbtasks.rebase.run import carry_out

        if prepared.plan.way is None:
            return carry_out(prepared, self.throwaways())
        name = self._named("undo revisions of", agree)
        with self.runs.alone(self._reachable()):
            return carry_out(prepared, self.throwaways(), lambda: self.migrator(yes_destroy=name))

    def migrate(self, target: str | None = None, *, fix: bool = False) -> Outcome:
        """Apply the pending revisions up to `target`; without one, all of a history with one head.

        With nothing to do, Alembic is not imported. With `fix` an invalid index in the way is dropped.
        """
        return self.runs.migrate(target, fix=fix)

    def status(self) -> DatabaseStatus:
        """Look at server, database and migrations; what cannot be told becomes the `problem`."""
        from dbtasks import maintenance

        status = self.server.status()
        told: dict[str, Any] = {}
        try:
            told["heads"] = self.records.revisions.effective_heads
            if status.state == "running" and status.url is not None:
                told["version"] = maintenance.server_version(status.url)
                standing = self.records.standing(status.url)
                told.update(current=standing.current, pending=standing.pending)
        except DbtasksError as error:
            told["problem"] = error.message
            if error.code == "unknown-current":
                told["problem"] += f"; invoke {self.settings.label}.doctor looks for it in git"
        return DatabaseStatus(
            server=status,
            reason=self.choice.reason,
            database=status.database
            or (status.url.database if status.url else self.settings.database),
            **told,
        )

    def differences(self, *, live: bool = False) -> tuple[Difference, ...]:
        """Return what differs between the models and the migrations.

        They are compared on a throwaway database at head, or with `live` on the real one.
        """
        from dbtasks.drift.findings import of_history

        found = of_history(self.records.revisions)
        if found:  # the database cannot be brought to head then
            self._say("the models were not compared: no database can be brought to head")
            return found
        if live:
            return self.migrator().differences()
        with _yours_untouched():
            return self.throwaways().differences(self.records.revisions)

    def rehearse(self, target: str | None = None) -> tuple[RehearsedStep, ...]:
        """Return what `migrate(target)` would do to this database, with the SQL of each revision.

        The revisions run in a throwaway copy of the database; where none can be made, in a
        database at the same revisions without rows, and `say` tells why.
        """
        from dbtasks.stand_in import StandIn

        url = self._reachable()
        current, throwaways = self.records.applied(url), self.throwaways()
        self.records.revisions.pending(current)  # says so if the files lack one of them
        stand_in = StandIn(url, current, self.settings, owned=self.server.owned)
        with _yours_untouched(), stand_in.made(throwaways, self._say) as migrator:
            return migrator.rehearse(target)

    def revision(self, message: str, *, empty: bool = False, live: bool = False) -> str:
        """Write a revision that brings the migrations to the models; return its path.

        The models are compared with a throwaway database at head, or with `live` with the real
        one. An `empty` revision needs no database.
        """
        self.records.revisions.check_one_head()
        if empty:
            return self.files().empty_revision(message)
        if live:
            return self.migrator().revision(message)
        with _yours_untouched(), self.throwaways().at_head() as migrator:
            return migrator.revision(message)

    def create(self) -> DatabaseURL:
        """Start the server, create the database if it is missing, and run `setup_sql` in a new one."""
        from dbtasks import maintenance

        statements = self.setup_statements()
        url = self.server.start()
        if maintenance.create(url):
            self._say(f"created database {url.database}")
        done = maintenance.set_up(url, statements)
        if done == "ran":
            self._say("ran setup_sql")
        elif done == "changed":
            self._say(
                "setup_sql has changed since it ran in this database; db.recreate runs it anew"
            )
        return url

    def init(self) -> Outcome:
        """Start the server, create and set up the database, and migrate it to head."""
        self._check_files()
        self.create()
        return self.migrate()

    def recreate(self, *, all_volumes: bool = False, replay: bool = False) -> Outcome:
        """Destroy the database's container and volume, or data folder, and init anew.

        With the setting `recreate_from_template` the revisions are not run if they would find all as
        it was when they ran last; with `replay` they are.
        """
        template = None if replay else self._server_template()
        if template is None:
            self._check_files()
        before = self.server.data_of_majors()
        with imported_meanwhile("dbtasks.maintenance") if template else contextlib.nullcontext():
            self._remove_server(all_volumes=all_volumes)
        # The data of before an upgrade stay, and are no reason to stop halfway.
        if len(before) > 1:
            self.server.may_begin_empty = self.server.data_of_majors() != before
        if template is None:
            return self.init()
        self.server.begin_with(template.data)
        url = self.create()
        if not self.server.began_with_data:
            self._forget_templates()
            return self.migrate()
        standing = self.records.standing(url)
        if standing.pending:
            return template.told(self.migrate())
        return template.told(Outcome(applied=(), current=standing.current, pending=0))

    def _server_template(self) -> ServerTemplate | None:
        """Return what the server can begin with to be at head, None where that is not wanted or cannot be."""
        if not (self.settings.recreate_from_template and self.server.takes_data):
            return None
        self.records.revisions.check_one_head()
        with _yours_untouched():
            return self._server_templates().get()

    def _server_templates(self) -> ServerTemplates:
        from dbtasks.server_template import ServerTemplates

        return ServerTemplates(
            self.settings, self.setup_statements(), self._say, self._tell, self._watcher
        )

    def destroy(self, *, all_volumes: bool = False) -> None:
        """Remove the server with all its data.

        Raises:
            RefusedError: dbtasks did not make the server.
            UsageError: `all_volumes` of a server that is no compose service.
        """
        self._remove_server(all_volumes=all_volumes)
        if self.server.takes_data:
            self._forget_templates()

    def _forget_templates(self) -> None:
        from dbtasks import server_template

        server_template.forget(self.settings)

    def _remove_server(self, *, all_volumes: bool) -> None:
        if all_volumes:
            self.server.destroy_all()
        else:
            self.server.destroy()

    def upgrade_server(self, target: int, **wishes: Any) -> ServerUpgrade:
        """Move the server's data to PostgreSQL `target`.

        `wishes` are the keyword arguments of `dbtasks.server_upgrade.upgrade_server`.
        """
        from dbtasks.server_upgrade import upgrade_server

        return upgrade_server(self.server, target, say=self._say, **wishes)

    def throwaways(self, *, revision_timeout: float | None = None) -> Throwaways:
        """Return the throwaway databases of this project."""
        from dbtasks.throwaway import Throwaways

        return Throwaways(
            self.settings,
            lambda: self.server,
            self.setup_statements(),
            self._say,
            revision_timeout=revision_timeout,
        )

    def wait(self, timeout: float) -> DatabaseURL:
        """Wait until the database's server answers; start nothing."""
        return self.server.wait(timeout)

    def _check_files(self) -> None:
        """Stop before anything is started or destroyed for files that cannot be used."""
        self.files()
        self.setup_statements()

    def setup_statements(self) -> list[str]:
        """Read `setup_sql`: an entry that ends in .sql is a file of the project."""
        return setup_sql.read_statements(self.settings)


@contextlib.contextmanager
def _yours_untouched() -> Iterator[None]:
    """Tell of a revision that fails in a throwaway database that the real one is as it was."""
    try:
        yield
    except MigrationError as error:
        if error.code != "revision-failed":
            raise
        remedy = error.remedy
        if remedy.startswith("mend the revision's file"):  # nothing is left to undo by hand
            remedy = "mend the revision's file, then run this again"
        raise MigrationError(
            error.message,
            remedy=remedy,
            code=error.code,
            details=[*error.details, "that is a throwaway database; yours is as it was"],
            revision=error.revision,
        ) from error
