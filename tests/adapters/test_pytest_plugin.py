"""The fixtures in projects that use them, run by a pytest of their own."""

from __future__ import annotations

import json
import re
import shlex
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import psycopg
import pytest

from dbtasks import maintenance
from dbtasks.errors import ServerError
from dbtasks.url import DatabaseURL

if TYPE_CHECKING:
    from conftest import CopyProject
    from consumers import Done, Project

PYTEST = ("-m", "pytest", "-p", "no:cacheprovider", "-q")
SYNC = """
import psycopg
import pytest
import sqlalchemy as sa


def insert(url, title):
    with psycopg.connect(url.libpq()) as connection:
        connection.execute("INSERT INTO note (title) VALUES (%s)", [title])


@pytest.mark.parametrize("number", range(3))
def test_every_test_has_a_database_of_its_own(dbtasks_database, number):
    insert(dbtasks_database, "only one")
    with psycopg.connect(dbtasks_database.libpq()) as connection:
        assert connection.execute("SELECT count(*) FROM note").fetchone() == (1,)


def test_an_empty_database_is_empty(dbtasks_empty_database):
    with psycopg.connect(dbtasks_empty_database.libpq()) as connection:
        count = "SELECT count(*) FROM pg_class WHERE relnamespace = 'public'::regnamespace"
        assert connection.execute(count).fetchone() == (0,)


def test_the_engine_is_on_the_same_database_as_the_url(dbtasks_engine, dbtasks_url):
    with dbtasks_engine.begin() as connection:
        connection.execute(sa.text("INSERT INTO note (title) VALUES ('by the engine')"))
    engine = sa.create_engine(dbtasks_url)
    with engine.connect() as connection:
        assert connection.scalar(sa.text("SELECT title FROM note")) == "by the engine"
    engine.dispose()


def test_a_database_at_a_revision(dbtasks_at_revision):
    for _ in range(2):
        url = dbtasks_at_revision("6033360fa92f")
        with psycopg.connect(url.libpq()) as connection:
            found = connection.execute("SELECT version_num FROM alembic_version").fetchall()
            assert found == [("6033360fa92f",)]
            connection.execute("INSERT INTO note (title) VALUES ('alone')")
            assert connection.execute("SELECT count(*) FROM note").fetchone() == (1,)


def test_the_settings_lead_to_the_server(dbtasks_settings, dbtasks_server):
    assert dbtasks_settings.url.place == dbtasks_server.url.place
"""
SHOWS_ITS_SERVER = """
from pathlib import Path


def test_shows_its_server(dbtasks_server):
    Path("server").write_text(dbtasks_server.url.place)
"""
ASYNC = """
import asyncio

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import create_async_engine


def test_an_async_application(dbtasks_url, dbtasks_database):
    async def count(url):
        engine = create_async_engine(url)
        async with engine.connect() as connection:
            found = await connection.scalar(sa.text("SELECT count(*) FROM job"))
        await engine.dispose()
        return found

    assert asyncio.run(count(dbtasks_url)) == 0
    assert asyncio.run(count(dbtasks_database.sqlalchemy("asyncpg"))) == 0
"""
FAILS = """
def test_that_fails(dbtasks_engine):
    with dbtasks_engine.begin() as connection:
        connection.exec_driver_sql("INSERT INTO note (title) VALUES ('the reason')")
    assert False


def test_that_passes(dbtasks_database):
    pass
"""
WAITS = """
import time


def test_that_waits(dbtasks_server):
    with open("server", "w") as file:
        file.write(dbtasks_server.url.libpq())
    time.sleep(60)
"""
COUNTS = """
import os
import pytest


@pytest.mark.parametrize("number", range(8))
def test_shared(dbtasks_database, dbtasks_server, number):
    with open(f"seen-{os.getpid()}", "a") as file:
        print(dbtasks_server.url.place, file=file)
"""


@pytest.fixture
def project(copy_project: CopyProject) -> Project:
    return copy_project("plain", DBTASKS_SERVER="local")


def run_tests(project: Project, text: str, *arguments: str, **environ: str) -> Done:
    (project.root / "test_it.py").write_text(text)
    return project.run(sys.executable, *PYTEST, *arguments, "test_it.py", timeout=120, **environ)


def test_each_fixture_does_what_it_says(project: Project) -> None:
    done = run_tests(project, SYNC)
    assert "7 passed" in done.out, done


def test_the_project_is_found_from_above_and_below(project: Project) -> None:
    inner = project.root / "tests"
    inner.mkdir()
    (inner / "test_it.py").write_text(SYNC)
    (project.root.parent / "pytest.ini").write_text("[pytest]\n")
    argv = [sys.executable, *PYTEST, "-k", "empty", "test_it.py"]
    done = subprocess.run(
        argv, cwd=inner, env=project.environ, capture_output=True, text=True, check=False
    )
    assert "1 passed" in done.stdout, done
    (project.root.parent / "pytest.ini").unlink()
    (project.root / "pytest.ini").write_text("[pytest]\n")
    argv[-1] = str(inner / "test_it.py")
    done = subprocess.run(
        argv, cwd="/", env=project.environ, capture_output=True, text=True, check=False
    )
    assert "1 passed" in done.stdout, done


def test_async_applications_use_the_same_fixtures(copy_project: CopyProject) -> None:
    done = run_tests(copy_project("async_engine", DBTASKS_SERVER="local"), ASYNC)
    assert "1 passed" in done.out, done


def test_workers_share_one_server_and_one_template(project: Project) -> None:
    done = run_tests(project, COUNTS, "-n", "2", "-v")
    assert "8 passed" in done.out, done
    seen = {path: set(path.read_text().split()) for path in project.root.glob("seen-*")}
    assert len(seen) == 2
    (place,) = set.union(*seen.values())
    assert done.out.count("building a database at head") <= 1
    assert not answers(place)


@pytest.mark.parametrize("workers", [(), ("-n", "2")])
def test_the_database_of_a_failed_test_is_kept_if_wanted(
    project: Project, workers: tuple[str, ...]
) -> None:
    done = run_tests(project, FAILS, "--keep-db", *workers, CI="")
    assert "1 failed, 1 passed" in done.out, done
    command = r"^PGPASSFILE=(\S+|'.*') psql \"(postgresql://\S*/kept_test_that_fails_\S+)\"$"
    ((passwords, text),) = re.findall(command, done.out, re.MULTILINE)
    kept = DatabaseURL.parse(text)
    assert kept.password == ""
    given = {**kept.connect_args(), "passfile": shlex.split(passwords)[0]}
    with psycopg.connect(**given) as connection:
        assert connection.execute("SELECT title FROM note").fetchall() == [("the reason",)]
    (file,) = re.findall(r"rm (\S.*) lets the next run remove it", done.out)
    Path(file).unlink()
    assert "1 passed" in run_tests(project, FAILS, "-k", "passes").out
    assert not answers(kept.place)


def test_without_the_option_nothing_is_kept(project: Project) -> None:
    done = run_tests(project, FAILS)
    assert "1 failed, 1 passed" in done.out, done
    assert "kept" not in done.out


def test_in_ci_no_server_stays_whatever_is_wanted(project: Project) -> None:
    passes = SHOWS_ITS_SERVER + FAILS
    for arguments, environ in (((), {"DBTASKS_REUSE_SERVER": "true"}), (("--keep-db",), {})):
        done = run_tests(project, passes, *arguments, CI="true", **environ)
        assert "1 failed, 2 passed" in done.out, done
        assert "kept" not in done.out
        assert not answers((project.root / "server").read_text())


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_the_server_is_removed_by_a_run_that_is_interrupted(
    project: Project, number: signal.Signals
) -> None:
    (project.root / "test_it.py").write_text(WAITS)
    argv = [sys.executable, *PYTEST, "test_it.py"]
    process = subprocess.Popen(
        argv,
        cwd=project.root,
        env=project.environ,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )
    file = project.root / "server"
    limit = time.monotonic() + 60
    while not (file.exists() and file.read_text()):
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < limit
        time.sleep(0.05)
    process.send_signal(number)
    process.communicate(timeout=60)
    assert not answers(DatabaseURL.parse(file.read_text()).place)


def test_a_version_that_cannot_be_had_skips_or_fails(project: Project, tmp_path: Path) -> None:
    without = {"DBTASKS_POSTGRES_BIN": str(tmp_path / "nothing"), "DBTASKS_POSTGRES": "18"}
    done = run_tests(project, FAILS, "-rs", **without)
    assert done.code == 0
    assert "2 skipped" in done.out
    assert "no binaries of PostgreSQL 18 on this machine (1 places looked at)" in done.out
    done = run_tests(project, FAILS, DBTASKS_REQUIRE_ALL="1", **without)
    assert done.code == 1
    assert "DBTASKS_REQUIRE_ALL=1 promises that it is there" in done.out
    assert "Traceback" not in done.out


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (
            ("--postgres", "13"),
            "postgres = '13' from flag wants one of the majors 14, 15, 16, 17, 18",
        ),
        (("--db-server", "mysql"), "server = 'mysql' from flag wants one of auto, docker, compose"),
        (("--db-server", "compose"), "a throwaway server cannot be of kind compose"),
    ],
)
def test_a_wrong_option_is_told_in_one_line(
    project: Project, arguments: tuple[str, ...], message: str
) -> None:
    done = run_tests(project, FAILS, *arguments)
    assert message in done.out
    assert "Traceback" not in done.out


def test_the_plugin_imports_nothing_until_it_is_used(project: Project) -> None:
    (project.root / "conftest.py").write_text(
        "import json, sys\n"
        "def pytest_unconfigure():\n"
        "    json.dump(sorted(sys.modules), open('modules', 'w'))\n"
    )
    assert "1 passed" in run_tests(project, "def test_nothing():\n    pass\n").out
    seen = set(json.loads((project.root / "modules").read_text()))
    assert "dbtasks.pytest_plugin" in seen
    heavy = {"alembic", "sqlalchemy", "psycopg", "python_on_whales", "rich", "invoke", "nox"}
    assert seen & heavy == set()
    assert {one for one in seen if one.startswith("dbtasks.")} == {"dbtasks.pytest_plugin"}


def answers(place: str) -> bool:
    """Tell whether a PostgreSQL server listens at `host:port`."""
    host, _, port = place.rpartition(":")
    url = DatabaseURL(host=host, port=int(port), user="postgres", database="postgres")
    try:
        with maintenance.connect(url):
            return True
    except ServerError as error:
        return error.code != "unreachable"
