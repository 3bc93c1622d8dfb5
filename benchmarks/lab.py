"""What benchmarks share in one run: projects, a durable server, one in memory, each made when asked for."""

from __future__ import annotations

import contextlib
import os
import secrets
import subprocess
import sys
import tempfile
import time
from functools import cache, cached_property
from pathlib import Path
from typing import TYPE_CHECKING

import psycopg

from benchmarks.benchmark import BenchmarkError, LeftOutError
from benchmarks.modelled import URL_LINE, write_project
from dbtasks import maintenance
from dbtasks.errors import DbtasksError
from dbtasks.servers.throwaway import throwaway_server
from dbtasks.settings import load_settings
from dbtasks.url import DatabaseURL

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from dbtasks.settings import Settings

IMAGE = os.environ.get("DBTASKS_IMAGE", "postgres:{version}")
MAJORS = tuple(os.environ.get("BENCH_MAJORS", "14 15 16 17 18").split())
TASKS = (
    "from invoke import Collection\nimport dbtasks\n"
    "ns = Collection(dbtasks.init, dbtasks.start, db=dbtasks.collection())\n"
)
# All that two databases have to have in common: columns, indexes, constraints, and what is applied.
_CONTENT = """
SELECT json_build_object(
    'version', (SELECT array_agg(version_num ORDER BY version_num) FROM alembic_version),
    'tables', (SELECT count(*) FROM pg_tables WHERE schemaname = 'public'),
    'content', md5(
        (SELECT coalesce(string_agg(c::text, E'\\n' ORDER BY c::text), '') FROM (
            SELECT table_name, ordinal_position, column_name, data_type, is_nullable, column_default, is_identity
            FROM information_schema.columns WHERE table_schema = 'public') AS c)
        || (SELECT coalesce(string_agg(indexdef, E'\\n' ORDER BY indexdef), '')
            FROM pg_indexes WHERE schemaname = 'public')
        || (SELECT coalesce(string_agg(conrelid::regclass || pg_get_constraintdef(oid), E'\\n'
                ORDER BY conrelid::regclass::text, conname), '')
            FROM pg_constraint WHERE connamespace = 'public'::regnamespace)))::text
"""


# What a preparation or a look at a database may end with; any of it fails the benchmark, and no other.
FAILURES = (BenchmarkError, DbtasksError, psycopg.Error, subprocess.CalledProcessError, OSError)


class Lab(contextlib.ExitStack):
    """Everything is removed again at the end of the run."""

    def __init__(self, *, fast: bool) -> None:
        super().__init__()
        self.fast = fast
        self.revisions = 50 if fast else 300
        self.many = 1_000 if fast else 5_000
        self.major = MAJORS[-1]
        self.image = IMAGE.format(version=self.major)
        self.versions: dict[str, str] = {}
        # Beside the checkout's build folder there may be a pyproject.toml of ours: not below it.
        temporary = tempfile.TemporaryDirectory(prefix="dbtasks-bench-", ignore_cleanup_errors=True)
        self.folder = Path(self.enter_context(temporary)).resolve()

    def new_folder(self, name: str) -> Path:
        """Return a new folder with a tasks.py."""
        folder = self.folder / f"{name}-{secrets.token_hex(3)}"
        folder.mkdir()
        (folder / "tasks.py").write_text(TASKS)
        return folder

    def project(
        self,
        name: str,
        revisions: int,
        url: DatabaseURL | None = None,
        *,
        autocommit: bool = False,
        engine_given: bool = False,
    ) -> Path:
        """Return a new project with a history, its models, a tasks.py, and a URL in alembic.ini."""
        folder = self.new_folder(name)
        write_project(folder, revisions, autocommit=autocommit, engine_given=engine_given)
        if url is not None:
            point_to(folder, url)
        return folder

    @cache  # noqa: B019 - there is one lab, which lives as long as the process
    def large(self) -> tuple[Path, DatabaseURL]:
        """Return a project with a large history, and a database that was stamped at its head."""
        return self.stamped("large", self.many)

    def stamped(self, name: str, revisions: int) -> tuple[Path, DatabaseURL]:
        """Return a project, and a database on the durable server that was stamped at its head."""
        url = self.database(self.durable)
        folder = self.project(name, revisions, url)
        call(folder, *alembic("stamp", "head"))
        return folder, url

    @cached_property
    def durable(self) -> DatabaseURL:
        """A server as `docker run` gives it, nothing relaxed."""
        self.check_docker()
        name = f"dbtasks-bench-{secrets.token_hex(4)}"
        self.callback(call, self.folder, "docker", "rm", "--force", "--volumes", name)
        options = ["--env", "POSTGRES_PASSWORD=bench", "--publish", "127.0.0.1::5432"]
        call(self.folder, "docker", "run", "--detach", "--name", name, *options, self.image)
        port = call(self.folder, "docker", "port", name, "5432/tcp").splitlines()[0].rpartition(":")
        url = DatabaseURL.parse(f"postgresql://postgres:bench@127.0.0.1:{port[2]}/postgres")
        self.note_server(wait_for(url))
        return url

    @cached_property
    def in_memory(self) -> DatabaseURL:
        """A throwaway server of dbtasks': both sides of what is about clients and not about disks."""
        self.check_docker()
        server = self.enter_context(throwaway_server(self.settings(self.folder), kind="docker"))
        self.note_server(server.version)
        return server.url

    def settings(self, root: Path) -> Settings:
        """Return the settings of a folder for the benchmarks' image."""
        flags = {"postgres": self.major, "image": IMAGE}
        return load_settings(root=root, environ={}, flags=flags)

    def database(self, server: DatabaseURL) -> DatabaseURL:
        """Return a new database on a server."""
        url = server.with_database(f"bench_{secrets.token_hex(4)}")
        maintenance.create(url)
        return url

    def note_server(self, version: str) -> None:
        """Remember the server's version."""
        self.versions["PostgreSQL"] = version

    def check_docker(self, *majors: str) -> None:
        """Raise unless a Docker engine has the images of these majors, or else of the newest."""
        images = [IMAGE.format(version=major) for major in majors or (self.major,)]
        wanted = {"docker info": "start a Docker engine"}
        wanted |= {
            f"docker image inspect {one}": f"docker pull {one}, or set DBTASKS_IMAGE"
            for one in images
        }
        for command, remedy in wanted.items():
            try:
                subprocess.run(command.split(), check=True, capture_output=True)
            except (OSError, subprocess.CalledProcessError):
                raise LeftOutError(f"{command} fails: {remedy}") from None


def point_to(folder: Path, url: DatabaseURL) -> None:
    """Write a URL into alembic.ini."""
    ini = folder / "alembic.ini"
    lines = ini.read_text().splitlines()
    name = URL_LINE.partition(" = ")[0]
    written = f"{name} = {url.sqlalchemy().replace('%', '%%')}"
    ini.write_text(
        "\n".join(written if one.startswith(f"{name} = ") else one for one in lines) + "\n"
    )


def invoke(*arguments: str) -> tuple[str, ...]:
    """Return the command line of an invoke command."""
    return (sys.executable, "-m", "invoke", *arguments)


def alembic(*arguments: str) -> tuple[str, ...]:
    """Return the command line of an alembic command."""
    return (sys.executable, "-m", "alembic", *arguments)


def external(url: DatabaseURL) -> dict[str, str]:
    """Return what leads dbtasks to a database."""
    return {"DBTASKS_URL": url.libpq()}


def call(folder: Path, *argv: str, environ: Mapping[str, str] | None = None) -> str:
    """Run a command that belongs to the preparation, and return what it prints.

    Raises:
        BenchmarkError: it failed.
    """
    done = subprocess.run(
        argv,
        cwd=folder,
        env={**os.environ, **(environ or {})},
        capture_output=True,
        text=True,
    )
    if done.returncode:
        raise BenchmarkError(f"{' '.join(argv)}: {(done.stdout + done.stderr)[-2000:]}")
    return done.stdout


def emptied(url: DatabaseURL) -> Callable[[], None]:
    """Return what makes a database anew, with nothing in it."""

    def empty() -> None:
        maintenance.drop(url)
        maintenance.create(url)

    return empty


def content(url: DatabaseURL) -> object:
    """Return what a database has: the applied revision, and a digest of its tables."""
    with psycopg.connect(**url.connect_args()) as connection:
        row = connection.execute(_CONTENT).fetchone()
    return row and row[0]


def wait_for(url: DatabaseURL, limit: float = 60.0) -> str:
    """Wait until a server answers, and return its version."""
    end = time.monotonic() + limit
    while True:
        try:
            with psycopg.connect(**url.connect_args()) as connection:
                return connection.info.parameter_status("server_version") or ""
        except psycopg.OperationalError as error:
            if time.monotonic() > end:
                message = f"the server did not answer in {limit:.0f} s: {error}"
                raise BenchmarkError(message) from None
        time.sleep(0.1)


@contextlib.contextmanager
def development_server(lab: Lab, folder: Path, name: str) -> Iterator[dict[str, str]]:
    """Yield what leads dbtasks to a server of kind docker, which is destroyed afterwards."""
    lab.check_docker()
    environ = {
        "DBTASKS_SERVER": "docker",
        "DBTASKS_NAME": f"bench-{name}-{secrets.token_hex(3)}",
        "DBTASKS_POSTGRES": lab.major,
        "DBTASKS_IMAGE": IMAGE,
    }
    try:
        yield environ
    finally:
        call(folder, *invoke("db.destroy", "--yes"), environ=environ)


def url_of(folder: Path, environ: Mapping[str, str]) -> DatabaseURL:
    """Return the URL that dbtasks tells of a project's database."""
    told = call(folder, *invoke("db.url"), environ=environ)
    return DatabaseURL.parse(told.strip().splitlines()[-1])
