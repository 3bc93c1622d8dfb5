"""A test's database: what cloning it takes against migrating one, and 200 tests against pytest-postgresql."""

from __future__ import annotations

import logging
import os
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import psycopg
from alembic import command
from alembic.config import Config
from modelled import URL_LINE, write_project
from peers import peer_python, peer_versions
from side_by_side import IMAGE, REVISIONS, Side, seconds, show, versions

from dbtasks import maintenance
from dbtasks.database import Database
from dbtasks.servers.throwaway import throwaway_server
from dbtasks.settings import load_settings

if TYPE_CHECKING:
    from dbtasks.throwaway import Throwaways
    from dbtasks.url import DatabaseURL

MAJORS = os.environ.get("BENCH_MAJORS", "14 15 16 17 18").split()
ROUNDS = int(os.environ.get("BENCH_ROUNDS", "5"))
TESTS = int(os.environ.get("BENCH_TESTS", "200"))
CLONES = 20
LIMIT = 0.030
COMMAND, IN_PROCESS = "alembic upgrade head", "the same in process, one transaction"
TOUCH = "INSERT INTO t0 (name) VALUES ('somebody')"
# Prints how long all tests but the first take, which is the one that waits for the template.
CLOCK = """import time

import pytest

seen = []


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item, nextitem):
    seen.append(time.perf_counter())
    return (yield)


def pytest_terminal_summary(terminalreporter):
    terminalreporter.write_line(f"seconds: {time.perf_counter() - seen[1]}")
"""
OURS = (
    CLOCK,
    f"""import psycopg
import pytest


@pytest.mark.parametrize("number", range({TESTS + 1}))
def test_touch(number, dbtasks_database):
    with psycopg.connect(**dbtasks_database.connect_args()) as connection:
        connection.execute("{TOUCH}")
""",
)
PEER = (
    CLOCK
    + """
import os
import pathlib
import subprocess
import sys

from pytest_postgresql import factories


def load(host, port, user, dbname, password, **_):
    url = f"postgresql+psycopg://{user}:{password}@{host}:{port}/{dbname}"
    ini = pathlib.Path("alembic.ini").read_text()
    pathlib.Path("peer.ini").write_text(ini.replace("driver://user:pass@localhost/dbname", url))
    subprocess.run([sys.executable, "-m", "alembic", "--config", "peer.ini", "upgrade", "head"], check=True)


server = factories.postgresql_noproc(
    host=os.environ["PGHOST"],
    port=os.environ["PGPORT"],
    user=os.environ["PGUSER"],
    password=os.environ["PGPASSWORD"],
    load=[load],
)
database = factories.postgresql("server")
""",
    f"""import pytest


@pytest.mark.parametrize("number", range({TESTS + 1}))
def test_touch(number, database):
    with database:
        database.execute("{TOUCH}")
""",
)


def measure(root: Path, major: str) -> None:
    """Print what a clone takes on a server of a major, and its ratio to a migration."""
    settings = load_settings(root=root, flags={"postgres": major, "image": IMAGE})
    with throwaway_server(settings, kind="docker") as server:
        database = server.url.with_database("bench")
        settings = replace(settings, server="external", url=database, throwaway_url=server.url)
        throwaways = Database(settings).throwaways()
        times: dict[str, list[float]] = {COMMAND: [], IN_PROCESS: [], "clone": []}
        with throwaways.connected():
            template = throwaways.template()
            migrated(root, database)
            for _ in range(ROUNDS):
                times[COMMAND].append(command_seconds(root, database))
                times[IN_PROCESS].append(migrated(root, database))
                clones = [cloned(throwaways, template) for _ in range(CLONES)]
                times["clone"].append(statistics.median(clones))
        title = f"PostgreSQL {server.version}, {REVISIONS} revisions"
        show(title, times, "clone", COMMAND, target=0.02)
        within = statistics.median(times["clone"]) / statistics.median(times[IN_PROCESS])
        print(f"  {'ratio to in process':40} {within:8.2f}")
        print(f"  a clone, used and dropped: target at most {LIMIT * 1000:.0f} ms", flush=True)
        if major == MAJORS[-1]:
            compare_suites(root, server.url)


def cloned(throwaways: Throwaways, template: DatabaseURL) -> float:
    """Return the seconds that it takes to clone a database, to use it, and to drop it."""
    start = time.perf_counter()
    with throwaways.clone(template) as url:
        touch(url)
    return time.perf_counter() - start


def command_seconds(root: Path, url: DatabaseURL) -> float:
    """Return the seconds of `alembic upgrade head` on an empty database, which is made and dropped around it."""
    ini = (root / "alembic.ini").read_text()
    (root / "command.ini").write_text(ini.replace(URL_LINE, f"sqlalchemy.url = {url.sqlalchemy()}"))
    argv = (sys.executable, *["-m", "alembic", "--config", "command.ini", "upgrade", "head"])
    maintenance.create(url)
    taken = seconds(Side(name=COMMAND, argv=argv, folder=root), root / "result.json", 1, 0)
    maintenance.drop(url)
    return taken


def migrated(root: Path, url: DatabaseURL) -> float:
    """Return the seconds that it takes to create a database, to migrate it, to use it, and to drop it."""
    config = Config(root / "alembic.ini")
    config.set_main_option("sqlalchemy.url", url.sqlalchemy().replace("%", "%%"))
    start = time.perf_counter()
    maintenance.create(url)
    command.upgrade(config, "head")
    touch(url)
    maintenance.drop(url)
    return time.perf_counter() - start


def touch(url: DatabaseURL) -> None:
    with psycopg.connect(**url.connect_args()) as connection:
        connection.execute(TOUCH)


def compare_suites(root: Path, server: DatabaseURL) -> None:
    """Print the ratio of many tests, each with a database of its own at head."""
    python = peer_python("pytest==8.*", "pytest-postgresql")
    print(f"peer: {peer_versions(python, 'pytest', 'pytest-postgresql')}")
    sides = {"dbtasks_database": (sys.executable, OURS), "pytest-postgresql": (python, PEER)}
    times: dict[str, list[float]] = {name: [] for name in sides}
    environ = {
        "DBTASKS_THROWAWAY_URL": server.libpq(),
        "PGHOST": server.host,
        "PGPORT": str(server.port),
        "PGUSER": server.user,
        "PGPASSWORD": server.password,
    }
    for _ in range(ROUNDS):
        for name, (interpreter, files) in sides.items():
            times[name].append(suite(root, interpreter, files, environ))
    show(f"{TESTS} tests", times, "dbtasks_database", "pytest-postgresql", target=1.0)


def suite(root: Path, python: str, files: tuple[str, str], environ: dict[str, str]) -> float:
    """Run the tests in an interpreter; return the seconds of all but the first."""
    for name, text in zip(("conftest.py", "test_touch.py"), files, strict=True):
        (root / name).write_text(text)
    done = subprocess.run(
        [python, "-m", "pytest", "-q", "test_touch.py"],
        cwd=root,
        env={**os.environ, **environ},
        capture_output=True,
        text=True,
    )
    if done.returncode:
        sys.exit(done.stdout + done.stderr)
    return float(done.stdout.rpartition("seconds: ")[2].split()[0])


def main() -> None:
    """Print the ratios."""
    versions("dbtasks", "alembic", "SQLAlchemy", "psycopg", "pytest", "pyperf")
    logging.disable(logging.INFO)  # of Alembic, a line for each revision
    with tempfile.TemporaryDirectory() as temporary:
        root = Path(temporary) / "project"
        write_project(root, REVISIONS)
        for major in MAJORS:
            measure(root, major)


if __name__ == "__main__":
    main()
