"""Histories that fail, hang, end the process or the server: each proof ends, and says why."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from conftest import missing
from dbtasks import maintenance
from dbtasks.servers.account import server_account
from histories import PLAIN, write_revision
from proving import prove

if TYPE_CHECKING:
    from collections.abc import Iterator

    from conftest import CopyProject
    from consumers import Project
    from dbtasks.url import DatabaseURL

BAD, NEXT = "bad", "next"
BEHIND_ITS_OWN_LOCK = """import sqlalchemy
    op.execute("SELECT pg_advisory_lock(7)")
    with sqlalchemy.create_engine(op.get_bind().engine.url).begin() as other:
        other.exec_driver_sql("SELECT pg_advisory_lock(7)")"""


@pytest.fixture
def project(copy_project: CopyProject, database: DatabaseURL) -> Project:
    return copy_project("plain", database)


def with_bad_revision(project: Project, upgrade: str, downgrade: str = "pass") -> Project:
    """Add a revision that does something bad, and one that follows it."""
    write_revision(project, BAD, message="goes wrong", upgrade=upgrade, downgrade=downgrade)
    write_revision(project, NEXT, BAD)
    return project


@pytest.mark.parametrize(
    ("upgrade", "said"),
    [
        ('raise ValueError("no such luck")', "ValueError: no such luck"),
        ("import sys\n    sys.exit(3)", "SystemExit: 3"),
        ('op.execute("SELECT 1 / 0")', "division by zero"),
        (
            'op.execute("SELECT pg_terminate_backend(pg_backend_pid())")',
            "terminating connection due to administrator command",
        ),
    ],
    ids=["raises", "exits", "statement", "kills its connection"],
)
def test_a_revision_that_fails_is_named_and_what_follows_is_not_reached(
    project: Project, upgrade: str, said: str
) -> None:
    proven = prove(with_bad_revision(project, upgrade))
    message = f"revision {BAD} (goes wrong) could not be applied: {said}"
    failed = proven.by("failed")
    assert {key: one["code"] for key, one in failed.items()} == {
        ("upgrade", None): "upgrade-failed",
        ("stairway", BAD): "upgrade-failed",
        ("rows", BAD): "rows-upgrade-failed",
        ("models", None): "models-not-compared",
        ("plain-owner", None): "upgrade-failed",
    }
    assert {one["message"] for one in failed.values()} == {message}
    assert set(proven.by("not-reached")) == {("stairway", NEXT), ("rows", NEXT)}
    assert set(proven.by("passed")) == {
        ("single-head", None),
        *(("stairway", one) for one in PLAIN),
        *(("rows", one) for one in PLAIN),
    }
    assert "Traceback" not in proven.done.out


@pytest.mark.parametrize(
    "upgrade",
    [
        'op.execute("SELECT pg_sleep(60)")',
        "import time\n    time.sleep(60)",
        BEHIND_ITS_OWN_LOCK,
    ],
    ids=["in the database", "in Python", "behind its own lock"],
)
def test_a_revision_that_hangs_is_ended(project: Project, upgrade: str) -> None:
    proven = prove(with_bad_revision(project, upgrade), DBTASKS_REVISION_TIMEOUT="1")
    message = f"revision {BAD} (goes wrong) took longer than 1 s to be applied, and was ended"
    failed = proven.by("failed")
    assert {(*key, one["code"], one["message"]) for key, one in failed.items()} == {
        (proof, revision, "revision-timeout", message)
        for proof, revision in (
            ("upgrade", None),
            ("stairway", BAD),
            ("rows", BAD),
            ("models", None),
            ("plain-owner", None),
        )
    }


def test_a_downgrade_that_hangs_is_ended_and_the_rest_is_proven(project: Project) -> None:
    project = with_bad_revision(project, "pass", "import time\n    time.sleep(60)")
    proven = prove(project, DBTASKS_REVISION_TIMEOUT="1")
    assert proven.failed == {("stairway", BAD): "revision-timeout"}
    assert ("stairway", NEXT) in proven.by("passed")


def test_a_server_that_dies_is_shown_with_its_last_words(copy_project: CopyProject) -> None:
    kill = "COPY (SELECT 1) TO PROGRAM 'kill -QUIT $(head -1 postmaster.pid); sleep 5'"
    project = with_bad_revision(
        copy_project("plain", DBTASKS_SERVER="local"), f'op.execute("{kill}")'
    )
    proven = prove(project)
    assert proven.cell["outcome"] == "failed"
    found = proven.by("failed")["upgrade", None]
    assert found["code"] == "server-died"
    assert found["message"].startswith("the throwaway server ")
    assert found["remedy"] == "see its last log lines"
    assert any("database system is ready to accept connections" in one for one in found["details"])
    assert proven.by("passed").keys() == {("single-head", None)}
    assert "Traceback" not in proven.done.out


def test_an_env_py_that_goes_elsewhere_is_stopped(
    copy_project: CopyProject, database: DatabaseURL
) -> None:
    project = copy_project(
        "elsewhere", database, OTHER_DATABASE_URL=database.with_database("postgres").sqlalchemy()
    )
    proven = prove(project)
    found = proven.by("failed")["upgrade", None]
    assert found["code"] == "other-database"
    assert "nothing was run" in found["message"]
    assert set(proven.by("passed")) == {("single-head", None)}


def test_without_revisions_nothing_is_proven(
    copy_project: CopyProject, database: DatabaseURL
) -> None:
    proven = prove(copy_project("no_revisions", database))
    assert proven.failed[("upgrade", None)] == "no-revisions"
    assert proven.cell["outcome"] == "failed"
    assert proven.done.code == 1


def test_several_heads_are_found(copy_project: CopyProject, database: DatabaseURL) -> None:
    proven = prove(copy_project("several_heads", database))
    found = proven.by("failed")["single-head", None]
    assert found["code"] == "several-heads"
    assert found["message"] == "the history has 2 heads: 1184b34ba50a, 51672e9b8830"
    assert {("stairway", "1184b34ba50a"), ("rows", "51672e9b8830")} < set(proven.by("passed"))


def test_drift_of_the_models_is_found_by_that_proof_alone(
    copy_project: CopyProject, database: DatabaseURL
) -> None:
    proven = prove(copy_project("drift", database))
    assert proven.failed == {
        ("models", None): "models-differ",
        (
            "rows",
            "b8e12f3c761f",
        ): "rows-upgrade-failed",  # it adds a column NOT NULL, without a default
    }
    found = proven.by("failed")["models", None]
    assert found["message"] == "2 differences between the models and the migrations"
    assert "column post.summary is in the models only" in found["details"]


def test_a_changed_revision_of_the_base_branch_is_found_by_that_proof_alone(
    project: Project,
) -> None:
    def git(*arguments: str) -> None:
        identity = ("-c", "user.name=a", "-c", "user.email=a@example.org")
        subprocess.run(["git", *identity, *arguments], cwd=project.root, check=True)

    path = write_revision(
        project,
        BAD,
        upgrade='op.execute("CREATE SEQUENCE number")',
        downgrade='op.execute("DROP SEQUENCE number")',
    )
    for arguments in (
        ("init", "-qb", "main"),
        ("add", "."),
        ("commit", "-qm", "a"),
        ("checkout", "-qb", "work"),
    ):
        git(*arguments)
    assert prove(project).by("failed") == {}
    path.write_text(
        path.read_text().replace("CREATE SEQUENCE number", "CREATE SEQUENCE number START 5")
    )
    proven = prove(project)
    assert proven.failed == {("base-branch", None): "base-differs"}
    found = proven.by("failed")["base-branch", None]
    assert found["message"].startswith("a database that comes from main (")
    assert found["remedy"] == f"put back what main has, and write a new revision: {path}"
    assert any(one.startswith("sequence public.number: ") for one in found["details"])


class TestExceptions:
    """What a project excuses, in `proof_exceptions.toml` beside env.py."""

    @staticmethod
    def excuse(project: Project, text: str) -> None:
        (project.root / "migrations" / "proof_exceptions.toml").write_text(text)

    def test_a_downgrade_that_is_not_implemented_is_excused(self, project: Project) -> None:
        up = 'op.execute("CREATE SEQUENCE number")'
        proven = prove(with_bad_revision(project, up, 'raise NotImplementedError("too long ago")'))
        assert proven.cell["outcome"] == "passed", proven.done
        found = proven.by("excepted")["stairway", BAD]
        assert (found["code"], found["message"]) == ("irreversible", "too long ago")
        assert ("stairway", NEXT) in proven.by("passed")

    def test_a_known_exception_is_excused_with_its_reason(self, project: Project) -> None:
        with_bad_revision(project, 'op.execute("CREATE SEQUENCE IF NOT EXISTS number")')
        entry = (
            f'[[exception]]\nproof = "stairway"\nrevision = "{BAD}"\nreason = "kept on purpose"\n'
        )
        self.excuse(project, entry)
        proven = prove(project)
        assert proven.cell["outcome"] == "passed", proven.done
        found = proven.by("excepted")["stairway", BAD]
        assert (found["code"], found["message"]) == ("left-over", "kept on purpose")
        self.excuse(project, entry + 'object = "sequence public.another"\n')
        assert prove(project).failed == {("stairway", BAD): "left-over"}
        self.excuse(project, entry + 'code = "irreversible"\n')
        assert prove(project).by("excepted")["stairway", BAD]["code"] == "irreversible"

    def test_an_exception_that_is_not_needed_is_a_failure(self, project: Project) -> None:
        entry = f'[[exception]]\nproof = "rows"\nrevision = "{PLAIN[0]}"\nreason = "it was slow"\n'
        self.excuse(project, entry)
        proven = prove(project)
        assert proven.failed == {("rows", PLAIN[0]): "exception-not-needed"}
        assert proven.by("failed")["rows", PLAIN[0]]["remedy"] == "remove the entry"

    def test_a_malformed_entry_is_told_in_one_line(self, project: Project) -> None:
        self.excuse(project, "[[exception]]\nproof = 'models'\n")
        proven = prove(project)
        assert proven.done.out.count("proof_exceptions.toml: entry 1 has no reason") == 1
        assert proven.done.code != 0
        assert "SettingsError" not in proven.done.out


def test_rows_that_the_project_registers_are_there_for_the_next_revision(project: Project) -> None:
    folder = project.root / "migrations" / "rows"
    folder.mkdir()
    (folder / f"{PLAIN[-1]}.sql").write_text("INSERT INTO note (title) VALUES ('registered');")
    check = "SELECT 1 / count(*) FROM note WHERE title = 'registered'"
    write_revision(project, NEXT, upgrade=f'op.execute("{check}")')
    proven = prove(project)
    assert ("rows", NEXT) in proven.by("passed")
    (folder / f"{PLAIN[-1]}.sql").write_text("INSERT INTO nothing VALUES (1);")
    proven = prove(project)
    found = proven.by("failed")["rows", NEXT]
    assert found["code"] == "rows-sql"
    assert 'relation "nothing" does not exist' in found["message"]


@pytest.fixture
def small_disk(tmp_path: Path, postgres: DatabaseURL) -> Iterator[str]:
    """A tablespace on a file system of 8 MB."""
    if os.geteuid() != 0 or shutil.which("mount") is None:
        missing("only root can mount a small file system")
    folder = Path(tempfile.mkdtemp(prefix="dbtasks-small-", dir="/var/tmp"))
    name = f"small_{folder.name.rpartition('-')[2]}"
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=8m", "tmpfs", folder], check=True)
    folder.chmod(0o777)
    location = folder / "data"
    location.mkdir()
    account = server_account()
    os.chown(location, account.uid, account.gid)
    with maintenance.connect(postgres) as connection:
        connection.execute(f"CREATE TABLESPACE {name} LOCATION '{location}'")
        try:
            yield name
        finally:
            connection.execute(f"DROP TABLESPACE {name}")
            subprocess.run(["umount", folder], check=True)
            folder.rmdir()


def test_a_disk_that_fills_is_said(project: Project, small_disk: str) -> None:
    fill = f"CREATE TABLE large TABLESPACE {small_disk} AS SELECT repeat('x', 1000) FROM generate_series(1, 20000)"
    proven = prove(with_bad_revision(project, f'op.execute("{fill}")'))
    found = proven.by("failed")["stairway", BAD]
    assert found["code"] == "upgrade-failed"
    assert found["message"].startswith(
        f"revision {BAD} (goes wrong) could not be applied: could not"
    )
    assert "No space left on device" in found["message"]
    assert ("stairway", PLAIN[-1]) in proven.by("passed")
    assert "Traceback" not in proven.done.out
