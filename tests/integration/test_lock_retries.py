"""A revision that loses against somebody's lock is run again where nothing of it is left."""

from __future__ import annotations

import contextlib
import re
from typing import TYPE_CHECKING, Any

import pytest

from background import running, told
from dbtasks import maintenance
from histories import (
    PLAIN,
    error,
    execute,
    relations,
    rows,
    succeeded,
    version,
    write_revision,
)
from waiting import until

if TYPE_CHECKING:
    from collections.abc import Iterator

    import psycopg

    from conftest import CopyProject
    from consumers import Project
    from dbtasks.url import DatabaseURL

FAST: Any = {"DBTASKS_LOCK_TIMEOUT": "100ms", "DBTASKS_LOCK_RETRY_WAIT": "0.01"}
SEEN: Any = {"DBTASKS_LOCK_TIMEOUT": "2s"}  # time enough to see who is in the way
AUTOCOMMIT = "with op.get_context().autocommit_block():\n        "
ELSEWHERE = "op.get_bind().engine.connect().close()\n    "
AGAIN = (
    r"revision {} \({}\) waited too long for a lock; nothing of it is left,"
    r" trying again in \d+\.\d s \({} of {}\)\n"
)
WHEN = r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d UTC"


@pytest.fixture
def project(copy_project: CopyProject, database: DatabaseURL) -> Project:
    """A project at head but for its last revision, an index on the table `note`."""
    project = copy_project("plain", database, **FAST)
    succeeded(project.invoke("db.init"))
    succeeded(project.invoke(*project.named("db.rollback")))
    return project


@contextlib.contextmanager
def holding(url: DatabaseURL, table: str = "note") -> Iterator[psycopg.Connection]:
    """Hold a table's lock in an open transaction of somebody else's."""
    with maintenance.connect(url) as connection:
        connection.execute("SET application_name = 'a report'")
        connection.execute("BEGIN")
        connection.execute(f"LOCK TABLE {table} /* for\n\n its numbers */".encode())
        yield connection


def holder(pid: int) -> list[str]:
    return [
        rf"blocked by server process {pid} \(a report\) of role postgres from 127\.0\.0\.1",
        rf"idle in transaction since {WHEN}",
        r"LOCK TABLE note /\* for its numbers \*/",
    ]


def test_it_is_run_again_until_the_lock_is_free_and_who_was_in_the_way_is_told(
    project: Project, database: DatabaseURL
) -> None:
    with holding(database) as other, running(project, "db.migrate", "--json", **SEEN) as process:
        first, state, query = holder(other.info.backend_pid)
        told(
            process,
            AGAIN.format(PLAIN[2], "index title", 1, 10)
            + rf"  {first}\n    {state}\n    {query}\n",
        )
        other.execute("COMMIT")
        out, err = process.communicate(timeout=60)
    assert process.returncode == 0, (out, err)
    assert version(database) == [PLAIN[2]]


def test_when_the_tries_are_used_up_the_error_says_who_is_in_the_way(
    project: Project, database: DatabaseURL
) -> None:
    with holding(database) as other:
        pid = other.info.backend_pid
        found = error(project, "db.migrate", **{**SEEN, "DBTASKS_LOCK_RETRIES": "1"})
    assert found["message"] == (
        f"revision {PLAIN[2]} (index title) could not be applied:"
        " canceling statement due to lock timeout"
    )
    assert found["remedy"] == (
        "run this again when what blocks it has ended, or let lock_retries (DBTASKS_LOCK_RETRIES)"
        " or lock_timeout (DBTASKS_LOCK_TIMEOUT) be more; what it changed is rolled back"
    )
    patterns = [
        re.escape(f"the database is at: {PLAIN[1]}; 1 of 1 left"),
        *holder(pid),
        "tried 2 times",
    ]
    tail = "\n".join(found["details"][-len(patterns) :])
    assert re.fullmatch("\n".join(patterns), tail), tail
    assert version(database) == [PLAIN[1]]


def test_several_that_are_in_the_way_are_all_told(project: Project, database: DatabaseURL) -> None:
    write_revision(project, "aaaa", upgrade='op.execute("LOCK TABLE note")')
    succeeded(project.invoke("db.migrate", PLAIN[2]))
    with maintenance.connect(database) as one, maintenance.connect(database) as two:
        for connection in (one, two):
            connection.execute("BEGIN")
            connection.execute("SELECT 1 FROM note /* the password is swordfish */")
        found = error(project, "db.migrate", **{**SEEN, "DBTASKS_LOCK_RETRIES": "0"})
        pids = [connection.info.backend_pid for connection in (one, two)]
    details = "\n".join(found["details"])
    assert re.findall(r"blocked by server process (\d+)", details) == [str(pid) for pid in pids]
    assert details.count("(a statement with a password)") == 2
    assert "swordfish" not in details


@pytest.mark.parametrize("each", ["true", "false"])
def test_revisions_committed_before_are_not_run_again(
    each: str, project: Project, database: DatabaseURL
) -> None:
    """In a transaction of its own only what failed is run again, in one for all everything."""
    execute(database, "CREATE SEQUENCE ran")  # which no rollback sets back
    for revision, parent, what in (
        ("aaaa", PLAIN[2], "CREATE TABLE one (id integer)"),
        ("bbbb", "aaaa", "LOCK TABLE held"),
        ("cccc", "bbbb", "CREATE TABLE two (id integer)"),
    ):
        counted = f'op.execute("SELECT nextval(\'ran\')")\n    op.execute("{what}")'
        write_revision(project, revision, parent, upgrade=counted)
    execute(database, "CREATE TABLE held (id integer)")
    with (
        holding(database, "held") as other,
        running(project, "db.migrate", "--json", DBTASKS_COMMIT_EACH=each) as process,
    ):
        text = told(process, r"trying again .*\n(.*\n)*?.*trying again .*\n")
        other.execute("COMMIT")
        out, err = process.communicate(timeout=60)
    assert process.returncode == 0, (out, err)
    tries = 1 + (text + err).count("trying again")
    expected = 1 + tries + 1 if each == "true" else tries * 2 + 1
    assert rows(database, "SELECT last_value FROM ran") == [expected]
    assert version(database) == ["cccc"]
    assert {"one", "two"} <= relations(database)
    for revision in (PLAIN[2], "aaaa", "bbbb", "cccc"):
        assert out.count(revision) == (2 if revision == "cccc" else 1)


def test_an_undoing_is_run_again_and_undoes_no_more_than_it_was_to(
    project: Project, database: DatabaseURL
) -> None:
    write_revision(project, "aaaa", downgrade='op.execute("LOCK TABLE held")')
    write_revision(project, "bbbb", "aaaa")
    succeeded(project.invoke("db.migrate"))
    execute(database, "CREATE TABLE held (id integer)")
    task = project.named("db.rollback", "--steps", "2")
    with (
        holding(database, "held") as other,
        running(project, *task, DBTASKS_COMMIT_EACH="true") as process,
    ):
        told(process, "trying again")
        other.execute("COMMIT")
        out, err = process.communicate(timeout=60)
    assert process.returncode == 0, (out, err)
    assert version(database) == [PLAIN[2]]


class TestNotAgain:
    """Where something may be left, nothing is run again."""

    @pytest.mark.parametrize(
        ("upgrade", "why"),
        [
            (
                AUTOCOMMIT + 'op.execute("ALTER TABLE note ADD x integer")',
                "revision aaaa had committed a part of itself, as an autocommit block does",
            ),
            (
                AUTOCOMMIT + 'op.execute("SELECT 1")\n    op.execute("LOCK TABLE note")',
                "revision aaaa had committed a part of itself, as an autocommit block does",
            ),
            (
                'op.execute("COMMIT")\n    op.execute("BEGIN")\n    op.execute("LOCK TABLE note")',
                "revision aaaa had committed a part of itself, as an autocommit block does",
            ),
            (
                ELSEWHERE + 'op.execute("LOCK TABLE note")',
                "revision aaaa uses a connection of its own, and what it did there is not known",
            ),
        ],
    )
    def test_of_a_revision_that(
        self, upgrade: str, why: str, project: Project, database: DatabaseURL
    ) -> None:
        succeeded(project.invoke("db.migrate"))
        write_revision(project, "aaaa", upgrade=upgrade)
        with holding(database):
            found = error(project, "db.migrate")
        assert found["details"][-1] == f"not tried again: {why}"
        assert version(database) == [PLAIN[2]]

    def test_of_a_run_in_which_an_earlier_revision_committed(
        self, project: Project, database: DatabaseURL
    ) -> None:
        write_revision(
            project, "aaaa", upgrade=AUTOCOMMIT + 'op.execute("CREATE TABLE one (id integer)")'
        )
        write_revision(project, "bbbb", "aaaa", upgrade='op.execute("LOCK TABLE held")')
        execute(database, "CREATE TABLE held (id integer)")
        with holding(database, "held"):
            found = error(project, "db.migrate")
        assert found["details"][-1] == (
            "not tried again: revision aaaa had committed a part of itself, as an autocommit block does"
        )
        assert version(database) == [PLAIN[2]]

    def test_of_anything_but_a_lock(self, project: Project, database: DatabaseURL) -> None:
        write_revision(project, "aaaa", upgrade='op.execute("SELECT 1 / 0")')
        found = error(project, "db.migrate")
        assert "tried" not in "\n".join(found["details"])


def test_with_asyncpg_it_is_run_again_too(copy_project: CopyProject, database: DatabaseURL) -> None:
    project = copy_project("async_engine", database, **FAST)
    succeeded(project.invoke("db.init"))
    write_revision(project, "aaaa", "3c45577beb9c", upgrade='op.execute("LOCK TABLE job")')
    with holding(database, "job") as other, running(project, "db.migrate") as process:
        told(process, AGAIN.format("aaaa", "a change", 1, 10))
        other.execute("COMMIT")
        out, err = process.communicate(timeout=60)
    assert process.returncode == 0, (out, err)
    assert version(database) == ["aaaa"]


def test_a_deadlock_that_the_revision_lost_is_run_again(
    project: Project, database: DatabaseURL
) -> None:
    execute(database, "CREATE TABLE held (id integer)")
    succeeded(project.invoke("db.migrate"))
    write_revision(
        project, "aaaa", upgrade='op.execute("LOCK TABLE note")\n    op.execute("LOCK TABLE held")'
    )
    limits: Any = {"DBTASKS_LOCK_TIMEOUT": "30s"}
    wanted = (
        "SELECT 1 FROM pg_locks WHERE relation = 'note'::regclass AND mode = 'AccessExclusiveLock'"
    )
    with holding(database, "held") as other, running(project, "db.migrate", **limits) as process:
        until(lambda: rows(database, wanted), "the revision has the first table")
        other.execute(
            "SET deadlock_timeout = '1h'"
        )  # so that the revision is the one that is ended
        other.execute("LOCK TABLE note")
        other.execute("COMMIT")
        out, err = process.communicate(timeout=60)
    assert process.returncode == 0, (out, err)
    assert "revision aaaa (a change) was in a deadlock; nothing of it is left" in err
    assert version(database) == ["aaaa"]
