"""Suites of pytest: a migrated database for every test, and the start with the plugin unused."""

from __future__ import annotations

import contextlib
import sys
import xml.etree.ElementTree as ET
from typing import TYPE_CHECKING

from benchmarks.benchmark import Benchmark, BenchmarkError, Run, Side, prints
from benchmarks.lab import Lab, point_to
from benchmarks.peers import peer_python, peer_versions

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

TESTS = 200
TOUCH = "INSERT INTO t0 (name) VALUES ('somebody')"
OURS = f"""import psycopg
import pytest


@pytest.mark.parametrize("number", range(COUNT))
def test_touch(number, dbtasks_database):
    with psycopg.connect(**dbtasks_database.connect_args()) as connection:
        connection.execute("{TOUCH}")
"""
PEER = f"""import pytest


@pytest.mark.parametrize("number", range(COUNT))
def test_touch(number, database):
    with database:
        database.execute("{TOUCH}")
"""
# Its template is made by the same `alembic upgrade head`.
PEERS_CONFTEST = """import os
import subprocess
import sys

from pytest_postgresql import factories


def load(host, port, user, dbname, password, **_):
    from alembic import command
    from alembic.config import Config

    config = Config("alembic.ini")
    url = f"postgresql+psycopg://{user}:{password}@{host}:{port}/{dbname}"
    config.set_main_option("sqlalchemy.url", url)
    command.upgrade(config, "head")


server = factories.postgresql_noproc(
    host=os.environ["PGHOST"],
    port=os.environ["PGPORT"],
    user=os.environ["PGUSER"],
    password=os.environ["PGPASSWORD"],
    load=[load],
)
database = factories.postgresql("server")
"""


@contextlib.contextmanager
def databases(lab: Lab) -> Iterator[tuple[Side, Side]]:
    """Prepare the same tests for both, on one server in memory."""
    python = peer_python("pytest==8.*", "pytest-postgresql")
    lab.versions["pytest-postgresql"] = peer_versions(python, "pytest-postgresql").split()[1]
    lab.versions["pytest of the peers"] = peer_versions(python, "pytest").split()[1]
    server, count = lab.in_memory, (20 if lab.fast else TESTS) + 1
    folders = [lab.project(name, lab.revisions) for name in ("suite", "peers-suite")]
    for folder, text in zip(folders, (OURS, PEER), strict=True):
        (folder / "test_touch.py").write_text(text.replace("COUNT", str(count)))
    (folders[1] / "conftest.py").write_text(PEERS_CONFTEST)
    point_to(folders[1], server)
    arguments = ["-m", "pytest", "-q", "--junit-xml=junit.xml", "test_touch.py"]
    libpq = {
        "PGHOST": server.host,
        "PGPORT": str(server.port),
        "PGUSER": server.user,
        "PGPASSWORD": server.password,
    }
    ours, peer = (
        Side(
            name=name,
            argv=(interpreter, *arguments),
            folder=folder,
            environ=environ,
            found=prints(f"{count} passed"),
            figure=_of_the_tests(folder, count - 1),
        )
        for name, interpreter, folder, environ in (
            (
                "dbtasks_database",
                sys.executable,
                folders[0],
                {"DBTASKS_THROWAWAY_URL": server.libpq()},
            ),
            ("pytest-postgresql", python, folders[1], libpq),
        )
    )
    yield ours, peer


def _of_the_tests(folder: Path, count: int) -> Callable[[Run], float]:
    """Return what sums pytest's own durations: setup, test, teardown; the first waits for the template."""

    def total(_: Run) -> float:
        cases = ET.parse(folder / "junit.xml").getroot().findall(".//testcase")[1:]
        if len(cases) != count:
            raise BenchmarkError(f"{len(cases)} tests instead of {count}")
        return sum(float(case.attrib["time"]) for case in cases)

    return total


@contextlib.contextmanager
def start(lab: Lab) -> Iterator[tuple[Side, Side]]:
    """Prepare one empty test."""
    folder = lab.folder / "plugin"
    folder.mkdir()
    (folder / "test_nothing.py").write_text("def test_nothing():\n    pass\n")
    (folder / "pytest.ini").write_text("[pytest]\naddopts = -p no:cacheprovider\n")
    argv = (sys.executable, "-m", "pytest", "-q")
    ours, peer = (
        Side(name=name, argv=argv + more, folder=folder, found=prints("1 passed"), values=5)
        for name, more in (
            ("with the plugin, unused", ()),
            ("-p no:dbtasks", ("-p", "no:dbtasks")),
        )
    )
    yield ours, peer


DATABASES = Benchmark(
    name="test-databases",
    what="migrated database per test, 200 tests",
    peer="pytest-postgresql, same template",
    target=1.0,
    prepare=databases,
    rounds=3,
)
START = Benchmark(
    name="plugin",
    what="pytest start-up, plugin unused",
    peer="pytest -p no:dbtasks",
    target=1.03,
    prepare=start,
    rounds=9,
)
BENCHMARKS = (DATABASES, START)
