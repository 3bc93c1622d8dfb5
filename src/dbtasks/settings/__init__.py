"""Settings and `load_settings()`: the only place where the layers are merged.

The layers, weakest first: defaults, `[tool.dbtasks]` in pyproject.toml, Invoke's configuration
(`db: ...`), the environment (`DBTASKS_*`, `DATABASE_URL`), flags. A layer holds only what somebody
set; `Settings.sources` tells which layer each value came from.

Standard library only: pydantic-settings costs 0.24 s to import, as much as Invoke itself.
"""

from __future__ import annotations

import os
import re
from dataclasses import Field, dataclass, field, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dbtasks import values as read

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from dbtasks.url import DatabaseURL

PREFIX = "DBTASKS_"

# Short where others wait behind us, long where a statement takes its time: safe where nobody has
# said anything else about a server that is not ours.
ON_EXTERNAL = {"lock_timeout": "3s", "statement_timeout": "1h"}
EXTERNAL_DEFAULT = "default on an external server"


def _shown(name: str) -> str:
    return f"{ON_EXTERNAL[name]} on an external server, else none"


def _option(
    parse: Callable[[object], Any], help_text: str, default: Any = None, shown: str = ""
) -> Any:
    """Declare a setting once: how it is read, what it is for, its default (`shown` when computed)."""
    open_text = parse not in (read.variables, read.texts)  # which may hold passwords written out
    metadata = {"parse": parse, "help": help_text, "shown": shown}
    return field(default=default, repr=open_text, metadata=metadata)


@dataclass(frozen=True, kw_only=True)
class Settings:
    """What dbtasks was asked to do, merged and checked."""

    server: str = _option(
        read.kind, "kind of server: auto, docker, compose, local, external", "auto"
    )
    postgres: int = _option(read.major, "PostgreSQL major version", read.SUPPORTED_MAJORS[-1])
    image: str = _option(
        read.text, "Docker image; {version} stands for the major", "postgres:{version}"
    )
    port: int | None = _option(read.port, "port on 127.0.0.1", shown="a stable one per project")
    name: str = _option(
        read.slug,
        "project name in container, volume and state names",
        shown="folder name and a hash of its path",
    )
    database: str = _option(read.name, "name of the database", shown="the folder's name")
    user: str = _option(read.name, "role that owns the database on docker and local", "postgres")
    url: DatabaseURL | None = _option(
        read.url, "URL of an external database (also `DATABASE_URL`)", shown="none"
    )
    driver: str | None = _option(
        read.slug, "SQLAlchemy driver for env.py", shown="what the project uses, else psycopg"
    )
    alembic: str | None = _option(
        read.path, "path of the Alembic ini or TOML file", shown="alembic.ini and pyproject.toml"
    )
    env: dict[str, str] = _option(
        read.variables,
        "variables for env.py, made of {url} {host} {port} {user} {password} {database}",
        shown="none",
    )
    setup_sql: tuple[str, ...] = _option(
        read.texts, "SQL run once in a new database: .sql files or statements", (), shown="none"
    )
    server_options: dict[str, str] = _option(
        read.server_options, "server parameters on docker and local", shown="log_lock_waits=on"
    )
    compose_file: str | None = _option(
        read.path, "path of the compose file", shown="what Docker Compose finds"
    )
    compose_service: str | None = _option(
        read.text, "service of the compose file that runs PostgreSQL", shown="none"
    )
    postgres_bin: str | None = _option(
        read.path, "folder of initdb and pg_ctl for local", shown="searched for"
    )
    throwaway_url: DatabaseURL | None = _option(
        read.url,
        "URL of a server where throwaway databases may be made, for db.check, db.revision, db.plan",
        shown="a server of dbtasks' own",
    )
    rehearsal_limit: int = _option(
        read.megabytes, "megabytes of a database that db.plan still copies", 1000
    )
    base: str | None = _option(
        read.text,
        "branch that this one is merged into, for db.rebase and the proofs",
        shown="origin/HEAD, origin/main, origin/master, main or master",
    )
    versions: tuple[int, ...] = _option(
        read.majors,
        "PostgreSQL majors that the migrations are proven on",
        read.SUPPORTED_MAJORS,
        ", ".join(map(str, read.SUPPORTED_MAJORS)),
    )
    revision_timeout: float = _option(
        read.seconds, "seconds that one revision may take in a proof", 60.0
    )
    reuse_server: bool = _option(
        read.flag, "keep the throwaway server for the next test run; never in CI", False, "`false`"
    )
    results_dir: str = _option(read.path, "folder for the results of the proofs", "build/dbtasks")
    state_dir: str | None = _option(
        read.path, "folder for generated passwords and local data", shown=".dbtasks"
    )
    start_timeout: float = _option(read.seconds, "seconds a server may take to answer", 60.0)
    lock_wait: float = _option(
        read.seconds, "seconds to wait while another process migrates the same database", 60.0
    )
    lock_url: DatabaseURL | None = _option(
        read.url,
        "URL past a connection pooler, for the lock of a migration",
        shown="the database's",
    )
    lock_timeout: str | None = _option(
        read.duration, "PostgreSQL's lock_timeout while migrating", shown=_shown("lock_timeout")
    )
    statement_timeout: str | None = _option(
        read.duration,
        "PostgreSQL's statement_timeout while migrating",
        shown=_shown("statement_timeout"),
    )
    concurrently_lock_timeout: str = _option(
        read.duration, "lock_timeout of an index made or dropped CONCURRENTLY", "30min"
    )
    concurrently_statement_timeout: str = _option(
        read.duration, "statement_timeout of an index made or dropped CONCURRENTLY", "0"
    )
    lock_retries: int = _option(
        read.count, "how often revisions that hit lock_timeout and left nothing are run again", 10
    )
    lock_retry_wait: float = _option(
        read.seconds,
        "seconds before the first time, about; doubled each time, up to 30",
        1.0,
        "`1`",
    )
    commit_each: bool = _option(
        read.flag,
        "give each revision a transaction of its own, whatever env.py says",
        False,
        "`false`",
    )

    recreate_from_template: bool = _option(
        read.flag,
        "let db.recreate on docker copy a server at head, while nothing that its revisions read has changed",
        False,
        "`false`",
    )

    root: Path
    label: str
    sources: dict[str, str]

    @property
    def key(self) -> str:
        """The name of this database's server: unique per project, database and major."""
        database = re.sub(r"[^a-zA-Z0-9_.-]+", "-", self.database)
        if database != self.database:
            database += "-" + digest(self.database)
        return f"{self.name}-{database}-pg{self.postgres}"


def options() -> tuple[Field[Any], ...]:
    """Return the declared settings in order, as dataclass fields whose metadata holds `help`."""
    return tuple(item for item in fields(Settings) if "parse" in item.metadata)


def option_names() -> tuple[str, ...]:
    """Return the names of the settings in order."""
    return tuple(item.name for item in options())


def option_help(name: str) -> str:
    """Return what a setting is for, in one line."""
    return str(Settings.__dataclass_fields__[name].metadata["help"])


def environment_name(option: str, database: str | None = None) -> str:
    """Return the environment variable of a setting, for one of several databases if given."""
    middle = re.sub(r"\W", "_", database).upper() + "_" if database else ""
    return f"{PREFIX}{middle}{option.upper()}"


def find_root(start: Path) -> Path:
    """Return the project's folder: the nearest at or above `start` with a file that marks one."""
    start = start.resolve()
    for folder in (start, *start.parents):
        if any((folder / mark).exists() for mark in ("pyproject.toml", "alembic.ini", "tasks.py")):
            return folder
    return start


def load_settings(
    *,
    root: Path | None = None,
    database: str | None = None,
    invoke: Mapping[str, object] | None = None,
    environ: Mapping[str, str] | None = None,
    flags: Mapping[str, object] | None = None,
) -> Settings:
    """Merge the layers into `Settings`.

    Args:
        root: the project's folder; found from the working directory when not given.
        database: one of `[tool.dbtasks.databases]`; the main database when not given.
        invoke: the `db` part of Invoke's configuration.
        environ: the environment; `os.environ` when not given.
        flags: what the command line said; None counts as not said.

    Raises:
        SettingsError: a value is malformed, or a key is unknown.
    """
    from dbtasks.settings import defaults, layers  # `invoke --list` reads no setting

    root = find_root(Path.cwd()) if root is None else root.resolve()
    environ = os.environ if environ is None else environ
    given = layers.strongest_last(root, database, invoke or {}, environ, flags or {})
    return defaults.complete(root, database, *layers.merge(given))


def digest(text: str) -> str:
    """Return a few characters that tell one text from another in a name."""
    import hashlib

    return hashlib.sha256(text.encode()).hexdigest()[:6]
