"""The copy that `db.check` compares with: nothing is made for the second check, and no changed copy is believed."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
from dataclasses import replace
from typing import TYPE_CHECKING

import psycopg
import pytest

import poolers
from conftest import missing
from dbtasks import maintenance
from dbtasks.database import Database
from dbtasks.kept_copy import COMPLETE, COPY, KeptCopies
from dbtasks.server_upgrade import census
from dbtasks.servers import docker_address
from dbtasks.settings import load_settings
from dbtasks.templates import TEMPLATE, THROWAWAY
from histories import write_revision

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from conftest import CopyProject
    from consumers import Project
    from dbtasks.url import DatabaseURL

AGREE = "the models and the migrations agree\n"
WRITES = """
    with connectable.begin() as other:
        other.exec_driver_sql("CREATE TABLE IF NOT EXISTS by_env ()")
"""
DIES = """
    import os, signal
    if os.environ.get("DIE"):
        os.kill(os.getpid(), signal.SIGKILL)
"""
COUNTS = """
    with connectable.begin() as other:
        if other.exec_driver_sql("SELECT to_regclass('note')").scalar() is not None:
            other.exec_driver_sql("INSERT INTO note (id, title) VALUES (1, 'by env')")
"""
LOSES = """
    with connectable.begin() as other:
        if other.exec_driver_sql("SELECT current_database() LIKE 'dbtasks_compared_%%'").scalar():
            other.exec_driver_sql("DELETE FROM alembic_version")
"""
CONNECTED = "    with connectable.connect() as connection:\n"
CHANGES = (
    "ALTER TABLE note ADD COLUMN by_hand integer",
    "ALTER TABLE note ALTER COLUMN title DROP NOT NULL",
    "DROP INDEX ix_note_title",
    "CREATE SCHEMA by_hand",
    "CREATE TYPE by_hand AS ENUM ('a')",
    "COMMENT ON TABLE note IS 'by hand'",
    "DELETE FROM alembic_version",
    "UPDATE alembic_version SET version_num = version_num",
    "INSERT INTO note (title) VALUES ('by hand')",
    "ALTER DATABASE SET search_path = nowhere",
    "COMMENT ON DATABASE IS NULL",
)
LATE = """
from sqlalchemy import Column, Integer, Table
from app.models import Base

Table("late", Base.metadata, Column("id", Integer, primary_key=True))
"""
CLIENT = """#!/bin/sh
echo "$@" >> {log}
exec {docker} "$@"
"""


@pytest.fixture
def project(copy_project: CopyProject, database: DatabaseURL) -> Iterator[Project]:
    """The plain project; its own database stays missing, and its copies and templates go."""
    before = {**_ours(database)}
    yield copy_project("plain", database)
    for name in _ours(database).keys() - before.keys():
        maintenance.drop(database.with_database(name))


def _ours(url: DatabaseURL) -> dict[str, str]:
    return {
        **maintenance.comments(url, TEMPLATE),
        **maintenance.comments(url, COPY),
        **maintenance.comments(url, THROWAWAY),
    }


def check(project: Project, code: int = 0) -> str:
    done = project.invoke("db.check")
    assert done.code == code, done
    return done.out


def copy_of(project: Project) -> DatabaseURL:
    """Return the one copy that a project has."""
    database = Database(load_settings(root=project.root, environ=project.environ))
    server = database.settings.throwaway_url
    assert server is not None
    copies = KeptCopies(server, f"{database.settings.root}\0{database.settings.label}")
    (name,) = maintenance.comments(server, copies.prefix)
    return server.with_database(name)


def number(url: DatabaseURL) -> int:
    with maintenance.connect(url) as connection:
        row = connection.execute(
            "SELECT oid FROM pg_database WHERE datname = current_database()"
        ).fetchone()
    assert row is not None
    return int(row[0])


def test_the_second_check_makes_and_changes_nothing(project: Project) -> None:
    assert check(project) == AGREE
    copy = copy_of(project)
    before, made = _ours(copy), number(copy)
    assert before[copy.database].startswith(COMPLETE)
    assert check(project) == AGREE
    assert (_ours(copy), number(copy)) == (before, made)
    assert copy.database not in census.databases(copy)  # an upgrade of the server leaves it behind


def test_another_history_has_a_copy_of_its_own(project: Project) -> None:
    assert check(project) == AGREE
    write_revision(project, "aaaa", upgrade='op.execute("CREATE TABLE extra ()")')
    done = project.invoke("db.check", "--json")
    assert done.code == 1
    assert '"remove_table"' in done.out
    (project.root / "migrations" / "versions" / "aaaa.py").unlink()
    assert check(project) == AGREE


def test_a_copy_that_somebody_changed_is_made_anew(project: Project) -> None:
    assert check(project) == AGREE
    copy = copy_of(project)
    for change in CHANGES:
        made = number(copy)
        with maintenance.connect(copy) as connection:
            connection.execute(change.replace("DATABASE", f"DATABASE {copy.database}").encode())
        assert check(project) == AGREE, change
        assert number(copy) != made, change
    assert copy_of(project) == copy


def test_a_copy_that_somebody_is_using_is_left_to_them(project: Project) -> None:
    assert check(project) == AGREE
    copy = copy_of(project)
    made = number(copy)
    with psycopg.connect(**copy.connect_args()) as connection:
        connection.execute("CREATE TABLE by_hand ()")  # not committed
        assert check(project) == AGREE
        connection.rollback()
    assert number(copy) == made
    assert [name for name in _ours(copy) if name.startswith(f"{THROWAWAY}{os.getpid()}_")] == []


def test_two_checks_at_once(project: Project) -> None:
    for _ in range(2):  # without a copy, and with one
        argv = [sys.executable, "-m", "invoke", "db.check"]
        running = [
            subprocess.Popen(
                argv,
                cwd=project.root,
                env=project.environ,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
            )
            for _ in range(2)
        ]
        assert [process.communicate()[0].endswith(AGREE) for process in running] == [True, True]
        assert [process.returncode for process in running] == [0, 0]
    assert _ours(copy_of(project))[copy_of(project).database].startswith(COMPLETE)


def test_a_check_is_in_the_way_of_no_clone(project: Project) -> None:
    assert check(project) == AGREE
    database = Database(load_settings(root=project.root, environ=project.environ))
    with (
        psycopg.connect(**copy_of(project).connect_args()),  # as a check is
        database.throwaways().at_head() as migrator,
    ):
        assert migrator.differences() == ()
        assert check(project) == AGREE


def test_what_env_py_writes_is_seen_once_each_time(project: Project) -> None:
    env = project.root / "migrations" / "env.py"
    text = env.read_text()
    assert CONNECTED in text
    env.write_text(text.replace(CONNECTED, WRITES + CONNECTED))
    said = "table by_env is in the database and not in the models"
    answers = [check(project, 1) for _ in range(3)]
    assert said in answers[0]
    assert answers == [answers[0]] * 3


def test_a_row_that_env_py_writes_is_written_once_each_time(project: Project) -> None:
    env = project.root / "migrations" / "env.py"
    env.write_text(env.read_text().replace(CONNECTED, COUNTS + CONNECTED))
    for _ in range(3):  # a second one of the same key would be an error
        assert check(project) == AGREE


def test_a_copy_whose_version_goes_before_it_is_compared_is_no_answer(project: Project) -> None:
    env = project.root / "migrations" / "env.py"
    env.write_text(env.read_text().replace(CONNECTED, LOSES + CONNECTED))
    for _ in range(2):
        assert check(project) == AGREE  # a clone served
        copy = copy_of(project)
        assert _ours(copy)[copy.database].endswith("changed by somebody")


def test_after_a_check_that_was_killed(project: Project) -> None:
    env = project.root / "migrations" / "env.py"
    env.write_text(env.read_text().replace(CONNECTED, DIES + CONNECTED))
    assert check(project) == AGREE
    copy = copy_of(project)
    made = number(copy)
    done = project.run(sys.executable, "-m", "invoke", "db.check", DIE="1")
    assert done.code == -signal.SIGKILL
    assert check(project) == AGREE
    assert number(copy) == made


def test_a_copy_whose_maker_was_killed_is_told_and_made_anew(
    project: Project, database: DatabaseURL
) -> None:
    assert check(project) == AGREE
    copy = copy_of(project)
    maintenance.create(database)
    project.invoke("db.migrate")
    maintenance.comment(copy, "")
    done = project.invoke("db.doctor")
    assert (
        f"a run that is gone left the half-made copy to compare with {copy.database} at {copy.place}"
    ) in " ".join(done.out.split())
    assert check(project) == AGREE
    assert _ours(copy)[copy.database].startswith(COMPLETE)


def test_old_copies_go_and_none_that_is_used(postgres: DatabaseURL, database: DatabaseURL) -> None:
    maintenance.create(database)
    copies = KeptCopies(postgres, f"owner of {database.database}")
    used = postgres.with_database(f"{copies.prefix}used")
    try:
        copies.make("used", database, "note")
        with psycopg.connect(**used.connect_args()):
            for key in ("old", "one", "two", "newest"):
                copies.make(key, database, "note")
        kept = maintenance.comments(postgres, copies.prefix)
        assert {name.removeprefix(copies.prefix) for name in kept} == {
            "used",
            "one",
            "two",
            "newest",
        }
    finally:
        for name in maintenance.comments(postgres, copies.prefix):
            maintenance.drop(postgres.with_database(name))


def test_another_role_has_none_of_these(postgres: DatabaseURL, database: DatabaseURL) -> None:
    role, owner = f"role of {database.database}", f"owner of {database.database}"
    maintenance.create(database)
    own = KeptCopies(postgres, owner)
    with maintenance.connect(postgres) as connection:
        connection.execute(f"CREATE ROLE \"{role}\" LOGIN PASSWORD 'x'".encode())
        try:
            own.make("key", database, "note")
            with own.entered("key") as copy:
                assert copy is not None
            with KeptCopies(replace(postgres, user=role, password="x"), owner).entered(
                "key"
            ) as copy:
                assert copy is None
        finally:
            connection.execute(f'DROP ROLE "{role}"'.encode())
            maintenance.drop(postgres.with_database(f"{own.prefix}key"))


@pytest.mark.parametrize("mode", ["session", "transaction"])
def test_a_pooler_is_not_asked_for_a_copy_that_is_missing(project: Project, mode: str) -> None:
    """It would let nobody into a database of that name for 15 s."""
    if poolers.program() is None:
        missing("no pgbouncer is installed")
    server = load_settings(root=project.root, environ=project.environ).throwaway_url
    assert server is not None
    with poolers.pgbouncer(server, mode) as behind:
        project.environ["DBTASKS_THROWAWAY_URL"] = behind.libpq()
        assert [check(project) for _ in range(2)] == [AGREE] * 2


def test_a_revision_that_imports_models_is_run_for_the_comparison(project: Project) -> None:
    """As `alembic check` does: what it imports adds a table to the metadata."""
    (project.root / "app" / "late.py").write_text(LATE)
    path = write_revision(project, "aaaa")
    path.write_text(path.read_text().replace("import sqlalchemy as sa\n", "import app.late\n"))
    for _ in range(2):
        assert "table late is in the models and not in the database" in check(project, 1)


def test_docker_is_asked_only_when_the_server_does_not_answer(
    copy_project: CopyProject, docker_image: str, docker_engine: None, tmp_path: Path
) -> None:
    project = copy_project("plain", DBTASKS_SERVER="docker", DBTASKS_IMAGE=docker_image)
    log, client = tmp_path / "calls", tmp_path / "bin" / "docker"
    client.parent.mkdir()
    client.write_text(CLIENT.format(log=log, docker=shutil.which("docker")))
    client.chmod(0o755)
    project.environ["PATH"] = f"{client.parent}:{project.environ['PATH']}"
    settings = load_settings(root=project.root, environ=project.environ)

    def calls() -> str:
        text = log.read_text() if log.exists() else ""
        log.unlink(missing_ok=True)
        return text

    try:
        assert check(project) == AGREE
        assert calls() != ""
        assert check(project) == AGREE
        assert calls() == ""
        assert project.invoke("db.stop").code == 0
        calls()
        assert check(project) == AGREE
        assert "start" in calls()
        assert check(project) == AGREE
        assert calls() == ""
        known = docker_address.recall(settings)
        assert known is not None
        docker_address.remember(settings, known.url, "1")  # another server's data
        assert check(project) == AGREE
        assert calls() != ""
        assert docker_address.recall(settings) == known
    finally:
        project.invoke("db.destroy", "--yes")
    assert docker_address.recall(settings) is None
