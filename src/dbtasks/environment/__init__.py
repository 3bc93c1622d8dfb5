"""A project's Alembic environment, run in process against the database we mean.

`EnvironmentContext` hands control to the project's env.py, which connects and configures, and calls
back. Two of its public methods are overridden to look at that very connection before anything runs.
The URL reaches an unknown env.py in three ways at once: as `sqlalchemy.url`, as
`config.attributes["connection"]`, and in environment variables.
"""

from __future__ import annotations

import contextlib
import logging
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO

import sqlalchemy
from alembic.config import Config
from alembic.runtime.environment import EnvironmentContext

from dbtasks import maintenance, pooler, version_table
from dbtasks.alembic_config import config_files
from dbtasks.environment.attributes import ASYNC_ONLY, Attributes
from dbtasks.environment.errors import alembic_errors, env_error
from dbtasks.environment.files import load, read_scripts, reparented
from dbtasks.environment.imports import files_of, imports_of
from dbtasks.environment.limits import Limits
from dbtasks.environment.surroundings import exported, logging_kept, stdout_to_stderr
from dbtasks.errors import NO_CONNECTION_LEFT, MigrationError, no_connection_left
from dbtasks.version_table import VersionTable

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from alembic.runtime.migration import MigrationContext
    from sqlalchemy import Connection

    from dbtasks.settings import Settings
    from dbtasks.url import DatabaseURL

_ASYNC_SIGNS = ("asyncio", "create_async_engine", "async_engine_from_config")


class Environment:
    """A project's Alembic environment and the database that it is to work on.

    `parents` says which revisions follow another one than their files say.

    Raises:
        SettingsError: the project has no Alembic configuration.
        MigrationError: the script location is missing.
    """

    def __init__(
        self,
        settings: Settings,
        url: DatabaseURL | None = None,
        *,
        parents: Mapping[str, str] | None = None,
    ) -> None:
        self.settings = settings
        ini, toml = config_files(settings)
        self.folder = (ini or toml or settings.root).parent
        self._loaded = False
        self.version_table: VersionTable | None = None
        self.connection: Connection | None = None
        self.limits: Limits | None = None
        self.around: Callable[[], contextlib.AbstractContextManager[None]] = contextlib.nullcontext
        self.config = Config(ini, toml_file=toml, attributes={"dbtasks": True})
        self.config.messaging_opts = {"quiet": True}  # the path of a new revision is our result
        with self._inside():
            self.script = read_scripts(self.config)
        if parents:
            reparented(self.script, parents)
        self.url = url and url.with_driver(self._driver(url))
        if self.url is not None:
            self.config.set_main_option("sqlalchemy.url", self.url.sqlalchemy().replace("%", "%%"))

    def run(
        self,
        work: Callable[[Any, MigrationContext], Any],
        *,
        sql_to: TextIO | None = None,
        record: Callable[[str, Any], None] | None = None,
        commit_each: bool = False,
        files_needed: bool = True,
        **options: Any,
    ) -> None:
        """Run env.py; `work(current heads, context)` returns the steps that Alembic is to run.

        With `sql_to` the environment runs offline and writes SQL there; `record` is told every
        statement that runs online, with its parameters; `commit_each` gives every revision a
        transaction of its own, whatever env.py configures, as the setting of that name does.
        Where the revision files are not `files_needed`, Alembic reads them if env.py asks for one.

        Raises:
            MigrationError: env.py raised, connected to another database, or never ran migrations.
        """
        assert self.url is not None
        attributes = Attributes(self.config.attributes, self.url)
        self.config.attributes = attributes
        if sql_to is not None:
            self.config.output_buffer = sql_to

        def loaded(heads: Any, migration_context: MigrationContext) -> Any:
            self.version_table = _version_table(migration_context)
            self.connection = migration_context.connection
            if files_needed:
                self.load()
            return work(heads, migration_context)

        context = EnvironmentContext(
            self.config, self.script, fn=loaded, as_sql=sql_to is not None, **options
        )
        commit_each = commit_each or self.settings.commit_each
        guard = _Guard(context, self._check, record, commit_each=commit_each)
        with (
            self._inside(),
            exported(self.settings, self.url),
            logging_kept(),
            contextlib.closing(attributes),
            context,
            self.around(),
        ):
            self._run_env(guard)
        table = self.version_table
        if sql_to is None and table is not None and version_table.recall(self.settings) != table:
            version_table.remember(self.settings, table, [*self.files(), *files_of(self.folder)])

    def files(self) -> list[Path]:
        """Return env.py and the configuration files."""
        names = (self.config.config_file_name, self.config.toml_file_name)
        return [self.env_file, *(Path(name) for name in names if name)]

    def _run_env(self, guard: _Guard) -> None:
        try:
            self.script.run_env()
        except (Exception, SystemExit) as error:  # noqa: BLE001  env.py may raise anything
            guard.failure = guard.failure or error
        finally:
            self._empty_pool()
        if guard.failure is None and not guard.ran:
            guard.failure = MigrationError(
                f"{self.env_file} ended without running any migrations",
                remedy="let env.py call context.run_migrations()",
                code="env",
            )
        if guard.failure is not None:
            if self.url is not None and NO_CONNECTION_LEFT in str(guard.failure):
                raise no_connection_left(self.url.place) from guard.failure
            found = env_error(self.env_file, guard.failure, ran=guard.ran)
            raise found from found.__cause__

    def _empty_pool(self) -> None:
        """Close the connections that env.py's engine keeps for a next time, which does not come."""
        connection = self.connection  # offline it is a mock
        if isinstance(connection, sqlalchemy.Connection) and not connection.dialect.is_async:
            connection.engine.dispose()

    def load(self) -> None:
        """Read the revision files, once; env.py may have to run before, to make them importable.

        Raises:
            MigrationError: a file is broken, or the files do not make up one history.
        """
        if not self._loaded:
            load(self.script)
            self._loaded = True

    @property
    def env_file(self) -> Path:
        """The path of env.py."""
        return self.folder / self.script.dir / "env.py"

    @contextlib.contextmanager
    def inside(self) -> Iterator[None]:
        """Work from the folder of the configuration file, with the project importable."""
        with self._inside(), alembic_errors():
            self.load()
            yield

    @contextlib.contextmanager
    def _inside(self) -> Iterator[None]:
        with imports_of(self.folder), stdout_to_stderr():
            yield

    def _driver(self, url: DatabaseURL) -> str:
        """Choose the SQLAlchemy driver: the setting, the project's own, else what env.py can use."""
        if self.settings.driver is not None:
            return self.settings.driver
        try:
            configured = self.config.get_alembic_option("sqlalchemy.url") or ""
        except Exception:  # noqa: BLE001  an interpolation that only env.py can fill in
            configured = ""
        scheme = str(configured).partition("://")[0]
        if scheme.startswith("postgresql+"):
            return scheme.removeprefix("postgresql+")
        try:
            source = self.env_file.read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError):
            source = ""
        if any(sign in source for sign in _ASYNC_SIGNS):
            return url.driver or ("asyncpg" if find_spec("asyncpg") else "psycopg")
        return "psycopg" if url.driver in ASYNC_ONLY else url.driver or "psycopg"

    def _check(self, connection: Connection) -> None:
        """Stop unless `connection` is to the database we mean; then set the limits on it."""
        assert self.url is not None
        if connection.dialect.name != "postgresql":
            raise self._wrong_database(f"a database of {connection.dialect.name}")
        row = connection.exec_driver_sql(maintenance.IDENTITY_SQL).one()
        found = maintenance.Identity(database=row[0], server_started=row[1])
        if found != pooler.identity(self.url):
            raise self._wrong_database(f'database "{found.database}"{_place(connection)}')
        self.limits = Limits(self.settings, self.url)
        self.limits.set(connection)

    def _wrong_database(self, found: str) -> MigrationError:
        assert self.url is not None
        return MigrationError(
            f"{self.env_file} connected to {found},"
            f' and the one meant is "{self.url.database}" at {self.url.place}; nothing was run',
            remedy="let env.py read sqlalchemy.url, or list the variables it reads below [tool.dbtasks.env]",
            code="other-database",
        )


class _Guard:
    """Stands between env.py and Alembic's context, to check the connection before anything runs.

    Alembic publishes the methods that it finds on its context as `alembic.context.*`, so replacing
    two of them on the instance is enough.
    """

    def __init__(
        self,
        context: EnvironmentContext,
        check: Callable[[Connection], None],
        record: Callable[[str, Any], None] | None,
        *,
        commit_each: bool,
    ) -> None:
        self._context, self._check, self._record = context, check, record
        self._forced = {"transaction_per_migration": True} if commit_each else {}
        self._configure, self._run = context.configure, context.run_migrations
        context.configure = self.configure  # type: ignore[method-assign]
        context.run_migrations = self.run_migrations  # type: ignore[method-assign]
        self.ran = False
        self.failure: BaseException | None = None

    def configure(self, *args: Any, **options: Any) -> None:
        # Alembic's own lines ("Running upgrade ...") would cut through our progress display.
        logger = logging.getLogger("alembic")
        if logger.getEffectiveLevel() > logging.DEBUG:
            logger.setLevel(logging.WARNING)
        self._configure(*args, **{**options, **self._forced})

    def run_migrations(self, **arguments: Any) -> None:
        migration_context = self._context.get_context()
        self.failure = None  # env.py may try again
        try:
            if migration_context.connection is not None and not migration_context.as_sql:
                self._check(migration_context.connection)
                self._listen(migration_context.connection)
            self.ran = True
            self._run(**arguments)
        except (Exception, SystemExit) as error:  # kept for the case that env.py swallows it
            self.failure = error
            raise

    def _listen(self, connection: Connection) -> None:
        record = self._record
        if record is None:
            return

        def before(_: Any, __: Any, statement: str, parameters: Any, *___: Any) -> None:
            record(statement, parameters)

        sqlalchemy.event.listen(connection, "before_cursor_execute", before)


def _version_table(context: MigrationContext) -> VersionTable:
    return VersionTable(table=context.version_table, schema=context.version_table_schema)


def _place(connection: Connection) -> str:
    url = connection.engine.url
    return f" at {url.host}:{url.port or 5432}" if url.host else ""
