"""The throwaway server's password is in nothing that pytest, the proofs and nox print or write."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import pytest

from canary import Canary, watched

if TYPE_CHECKING:
    from pathlib import Path

    from conftest import CopyProject

NOXFILE = """\
import dbtasks.nox

dbtasks.nox.migrations(install=None, tests=["test_it.py"], versions=[18])
dbtasks.nox.report()
"""
# Every fixture as an argument and every value as a local variable, in tests that fail in each way.
TESTS = """
import os
from pathlib import Path

import psycopg
import pytest
import sqlalchemy

from dbtasks import Migrator, maintenance
from dbtasks.errors import DbtasksError
from dbtasks.servers import open_server


@pytest.fixture
def all_of_it(
    dbtasks_run, dbtasks_server, dbtasks_settings, dbtasks_database, dbtasks_url, dbtasks_engine,
    dbtasks_empty_database, dbtasks_at_revision,
):
    Path(os.environ["WRITTEN"]).write_text(dbtasks_server.url.password)


def test_fails(
    all_of_it, dbtasks_run, dbtasks_server, dbtasks_settings, dbtasks_database, dbtasks_url,
    dbtasks_engine, dbtasks_empty_database, dbtasks_at_revision,
):
    libpq, arguments = dbtasks_database.libpq(), dbtasks_database.connect_args()
    variables, driver = dbtasks_database.environ(), dbtasks_database.sqlalchemy("asyncpg")
    server = open_server(dbtasks_settings)
    print(dbtasks_server, dbtasks_settings, dbtasks_database, repr(dbtasks_url), dbtasks_engine.url)
    assert not dbtasks_url


def test_migrates(dbtasks_settings, dbtasks_empty_database):
    migrator = Migrator(dbtasks_settings, dbtasks_empty_database)
    migrator.upgrade("nowhere")


def test_fails_in_a_revision(dbtasks_settings, dbtasks_database):
    with maintenance.connect(dbtasks_database) as connection:
        connection.execute("DROP TABLE note")
    Migrator(dbtasks_settings, dbtasks_database).downgrade("base")


def test_connects_to_nothing(dbtasks_database):
    with maintenance.connect(dbtasks_database.with_database("nowhere")):
        pass


def test_is_refused(dbtasks_settings, dbtasks_database):
    with maintenance.connect(dbtasks_database) as connection:
        connection.execute("SELEKT")
"""


@pytest.mark.parametrize("workers", ["", "-n 2"])
def test_a_password_is_nowhere_after_a_run(
    workers: str, copy_project: CopyProject, tmp_path: Path
) -> None:
    written = tmp_path / "written"
    written.mkdir()
    project = copy_project(
        "plain",
        NO_COLOR="1",
        DBTASKS_SERVER="local",
        WRITTEN=str(written / "password"),
        PYTEST_ADDOPTS=f"-p no:cacheprovider -l -vv --tb=long --log-level=DEBUG -o log_cli=true {workers}",
    )
    (project.root / "noxfile.py").write_text(NOXFILE)
    (project.root / "test_it.py").write_text(TESTS)
    with watched() as seen:
        done = project.run(sys.executable, "-m", "nox", "-s", "migrations", "report", timeout=600)
    assert "5 failed" in done.out, done
    password = (written / "password").read_text()
    assert len(password) == 32
    canary = Canary(password=password, core=password)
    assert [line for line in str(done).splitlines() if canary.is_in(line)] == []
    assert [one for one in seen.arguments if canary.is_in(one)] == []
    assert seen.with_environment(canary) == set()
    assert canary.files(project.root) == []
    assert {path.name for path in (project.root / "build").rglob("*")} >= {
        "junit.xml",
        "report.html",
        "result.json",
    }
