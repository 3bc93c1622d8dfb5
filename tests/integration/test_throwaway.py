"""Throwaway databases: built once for a history, cloned, dropped; and what runs on them."""

from __future__ import annotations

import hashlib
import os
import socket
import subprocess
import sys
from typing import TYPE_CHECKING

import psycopg
import pytest

from dbtasks import maintenance
from dbtasks.database import Database
from dbtasks.errors import MigrationError
from dbtasks.report import rehearsal_text
from dbtasks.settings import load_settings
from dbtasks.templates import Templates
from histories import PLAIN, write_revision

if TYPE_CHECKING:
    from conftest import CopyProject
    from consumers import Project
    from dbtasks.url import DatabaseURL


def quiet(_: str) -> None:
    pass


def of(
    project: Project, url: DatabaseURL, said: list[str] | None = None, **flags: object
) -> Database:
    """The project's database at a URL, where throwaway databases may be made, too."""
    beside = url.with_database("postgres")
    settings = load_settings(
        root=project.root, environ={}, flags={"url": url, "throwaway_url": beside, **flags}
    )
    return Database(settings, say=quiet if said is None else said.append)


def databases(url: DatabaseURL, prefix: str) -> set[str]:
    return set(maintenance.comments(url, prefix))


@pytest.fixture
def project(copy_project: CopyProject) -> Project:
    return copy_project("plain")


def test_the_template_is_built_once_and_every_clone_is_dropped(
    project: Project, database: DatabaseURL
) -> None:
    said: list[str] = []
    for _ in range(2):
        one = of(project, database, said)
        with one.throwaways().at_head() as migrator:
            assert migrator.standing().current == (PLAIN[2],)
            clone = migrator.environment.url
            assert clone is not None
            assert maintenance.exists(clone)
        assert not maintenance.exists(clone)
    assert said.count("building a database at head, to be cloned from now on") == 1
    assert not maintenance.exists(database)


def test_another_history_gets_another_template(project: Project, database: DatabaseURL) -> None:
    with of(project, database).throwaways().at_head():
        pass
    write_revision(project, "aaaa")
    with of(project, database).throwaways().at_head() as migrator:
        assert migrator.standing().current == ("aaaa",)


def test_a_template_that_was_not_finished_is_built_anew(
    postgres: DatabaseURL, database: DatabaseURL
) -> None:
    templates = Templates(postgres, f"owner of {database.database}", quiet)
    built = []

    def build(url: DatabaseURL, fail: bool = False) -> None:
        built.append(url.database)
        with maintenance.connect(url) as connection:
            connection.execute("CREATE TABLE half ()")
        if fail:
            raise MigrationError("a revision failed")

    with pytest.raises(MigrationError):
        templates.get("0" * 16, lambda url: build(url, fail=True))
    template = templates.get("0" * 16, build)
    assert templates.get("0" * 16, build) == template
    assert len(built) == 2
    maintenance.drop(template)


def test_old_templates_are_pruned(postgres: DatabaseURL, database: DatabaseURL) -> None:
    templates = Templates(postgres, f"owner of {database.database}", quiet)
    made = [templates.get(f"{number:016}", quiet_build).database for number in range(6)]
    prefix = made[0].removesuffix("0" * 16)
    assert databases(postgres, prefix) == set(made[-4:])
    for name in made:
        maintenance.drop(postgres.with_database(name))


def quiet_build(_: DatabaseURL) -> None:
    pass


def test_what_a_killed_process_left_is_dropped_by_the_next_build(
    postgres: DatabaseURL, database: DatabaseURL
) -> None:
    program = """
import os, sys
from dbtasks.templates import Templates
from dbtasks.url import DatabaseURL
with Templates(DatabaseURL.parse(sys.argv[1]), sys.argv[2], lambda _: None).empty() as url:
    print(url.database, flush=True)
    os.kill(os.getpid(), 9)
"""
    owner = f"owner of {database.database}"
    argv = [sys.executable, "-c", program, postgres.libpq(), owner]
    done = subprocess.run(argv, capture_output=True, text=True, check=False)
    left = postgres.with_database(done.stdout.strip())
    assert maintenance.exists(left)
    template = Templates(postgres, owner, quiet).get("1" * 16, quiet_build)
    assert not maintenance.exists(left)
    maintenance.drop(template)


def test_one_without_a_comment_is_known_by_its_name_and_dropped_before_the_next_one_is_made(
    postgres: DatabaseURL,
) -> None:
    """Killed between CREATE DATABASE and COMMENT; one of another machine stays."""
    ended = subprocess.Popen([sys.executable, "-c", ""])
    ended.wait()
    here = hashlib.sha256(socket.gethostname().encode()).hexdigest()[:8]
    names = [f"dbtasks_throwaway_{ended.pid}_{host}00000000" for host in (here, "elsewher")]
    ours, theirs = (postgres.with_database(name) for name in names)
    for url in (ours, theirs):
        maintenance.create(url)
    with Templates(postgres, "owner of nothing", quiet).empty():
        assert [maintenance.exists(url) for url in (ours, theirs)] == [False, True]
    maintenance.drop(theirs)


def test_a_throwaway_of_a_living_process_stays(postgres: DatabaseURL) -> None:
    templates = Templates(postgres, f"owner {os.getpid()}", quiet)
    with templates.empty() as url:
        template = templates.get("2" * 16, quiet_build)
        assert maintenance.exists(url)
    maintenance.drop(template)


def test_check_and_revision_leave_a_dirty_database_alone(
    project: Project, database: DatabaseURL
) -> None:
    maintenance.create(database)
    with maintenance.connect(database) as connection:
        connection.execute("CREATE TABLE somebody_elses ()")
    one = of(project, database)
    assert one.differences() == ()
    with pytest.raises(MigrationError):
        one.differences(live=True)
    one.migrate()
    assert [found.code for found in one.differences(live=True)] == ["remove_table"]
    with maintenance.connect(database) as connection:
        connection.execute("DROP TABLE somebody_elses")


class TestRehearsal:
    """db.plan: the SQL of each pending revision, run in a copy."""

    @pytest.fixture
    def pending(self, project: Project, database: DatabaseURL) -> Project:
        """A database with a row, and a pending revision that reads it to decide what to do."""
        maintenance.create(database)
        of(project, database).migrate()
        with maintenance.connect(database) as connection:
            connection.execute("INSERT INTO note (title) VALUES ('first')")
        write_revision(
            project,
            "aaaa",
            upgrade=(
                'count = op.get_bind().execute(sa.text("SELECT count(*) FROM note")).scalar()\n'
                '    op.execute(f"ALTER TABLE note ADD COLUMN made_for_{count} int")'
            ),
        )
        return project

    def test_is_of_this_very_database(self, pending: Project, database: DatabaseURL) -> None:
        said: list[str] = []
        (step,) = of(pending, database, said).rehearse()
        assert step.revision == "aaaa"
        assert step.sql[:2] == (
            "SELECT count(*) FROM note",
            "ALTER TABLE note ADD COLUMN made_for_1 int",
        )
        assert said == []
        assert of(pending, database).records.standing(database).pending == 1
        with maintenance.connect(database) as connection:
            connection.execute("SELECT title FROM note")
            columns = connection.execute("SELECT * FROM note").description or ()
        assert [column.name for column in columns if "made_for" in column.name] == []

    def test_above_the_limit_is_without_rows_and_says_so(
        self, pending: Project, database: DatabaseURL
    ) -> None:
        said: list[str] = []
        (step,) = of(pending, database, said, rehearsal_limit=0).rehearse()
        assert "ALTER TABLE note ADD COLUMN made_for_0 int" in step.sql
        assert said[0].startswith(f"rehearsing on a database without rows: {database.database} has")
        assert said[0].endswith("MB, and rehearsal_limit is 0")

    def test_of_a_database_in_use_is_without_rows_and_says_so(
        self, pending: Project, database: DatabaseURL
    ) -> None:
        said: list[str] = []
        with psycopg.connect(**database.connect_args()):
            (step,) = of(pending, database, said).rehearse()
        assert "ALTER TABLE note ADD COLUMN made_for_0 int" in step.sql
        assert said[0] == (
            "rehearsing on a database without rows: database"
            f' {database.database} cannot be cloned: source database "{database.database}"'
            " is being accessed by other users"
        )

    def test_parameters_comment_nothing_out(self, pending: Project, database: DatabaseURL) -> None:
        write_revision(
            pending,
            "bbbb",
            "aaaa",
            upgrade=(
                'op.execute(sa.text("INSERT INTO note (title) VALUES (:it)").bindparams(it="x"))\n'
                '    op.execute("DELETE FROM note  -- all")\n'
                '    op.execute("ANALYZE note;")'
            ),
        )
        steps = of(pending, database).rehearse()
        assert steps[1].sql[0].startswith("-- {'it': 'x'}\nINSERT INTO note (title) VALUES (")
        text = rehearsal_text(steps)
        assert ");\nDELETE FROM note  -- all\n;\nANALYZE note;\nUPDATE " in text

    def test_that_fails_tells_that_the_database_is_as_it_was(
        self, pending: Project, database: DatabaseURL
    ) -> None:
        write_revision(pending, "bbbb", "aaaa", upgrade='op.execute("SELECT nothing")')
        one = of(pending, database)
        for run in (one.rehearse, one.differences, lambda: one.revision("x")):
            with pytest.raises(MigrationError) as caught:
                run()
            assert caught.value.remedy == "mend the revision's file, then run this again"
            assert caught.value.details[-1] == "that is a throwaway database; yours is as it was"

    @pytest.mark.parametrize("limit", [0, 1000])
    def test_of_a_database_of_another_branch_is_refused(
        self, limit: int, pending: Project, database: DatabaseURL
    ) -> None:
        with maintenance.connect(database) as connection:
            connection.execute("UPDATE alembic_version SET version_num = 'elsewhere'")
        with pytest.raises(MigrationError) as caught:
            of(pending, database, rehearsal_limit=limit).rehearse()
        assert caught.value.code == "unknown-current"

    def test_with_nothing_pending_is_empty(self, project: Project, database: DatabaseURL) -> None:
        maintenance.create(database)
        of(project, database).migrate()
        assert of(project, database).rehearse() == ()
