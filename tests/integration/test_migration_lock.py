"""One migration at a time: many processes, one that dies, one that waits, and a pooler between."""

from __future__ import annotations

import contextlib
import json
import os
import re
import signal
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace as replace_url
from typing import TYPE_CHECKING, Any

import pytest

import poolers
from conftest import missing
from dbtasks import maintenance
from dbtasks.errors import ServerError
from dbtasks.migration_lock import migration_lock
from dbtasks.version_table import VersionTable
from histories import (
    PLAIN,
    document,
    error,
    execute,
    relations,
    replace,
    revisions,
    rows,
    succeeded,
    version,
    write_revision,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from conftest import CopyProject
    from consumers import Project
    from dbtasks.url import DatabaseURL

HOLDERS = "SELECT application_name FROM pg_stat_activity WHERE datname = current_database() AND application_name LIKE 'dbtasks %' ORDER BY 1"
WAITED_ON = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND application_name LIKE 'dbtasks waiting to migrate%'"
HELD = r"server process (\d+) \(dbtasks migrating: pid (\d+) on \S+\) from 127\.0\.0\.1 since \d{4}-\d\d-\d\d \d\d:\d\d:\d\d UTC"


@pytest.fixture
def project(copy_project: CopyProject, database: DatabaseURL) -> Project:
    """Three revisions on a database that exists, and nothing applied."""
    maintenance.create(database)
    return copy_project("plain", database)


def audited(project: Project, url: DatabaseURL) -> None:
    """Let every run of a revision leave a row that no rollback takes away, from its own connection."""
    execute(url, "CREATE TABLE audit (revision text, upgrade boolean)")
    for path in sorted((project.root / "migrations" / "versions").glob("*.py")):
        revision = path.name.partition("_")[0]
        text = path.read_text(encoding="utf-8")
        for function, upgrade in (("upgrade", "true"), ("downgrade", "false")):
            text = text.replace(
                f"def {function}() -> None:\n",
                f"def {function}() -> None:\n"
                f"    with op.get_bind().engine.connect() as other:\n"
                f"        other.exec_driver_sql(\"INSERT INTO audit VALUES ('{revision}', {upgrade})\")\n"
                f"        other.commit()\n",
            )
        path.write_text(text, encoding="utf-8")


@contextlib.contextmanager
def running(project: Project, *arguments: str) -> Iterator[subprocess.Popen[str]]:
    """Run a task in the background, in a process of its own; it is dead afterwards."""
    process = subprocess.Popen(
        [sys.executable, "-m", "invoke", *arguments],
        cwd=project.root,
        env=project.environ,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


def until(happened: Callable[[], Any], what: str, limit: float = 60) -> None:
    """Wait until something has happened."""
    end = time.monotonic() + limit
    while not happened():
        assert time.monotonic() < end, what
        time.sleep(0.02)


@contextlib.contextmanager
def migrating(project: Project, url: DatabaseURL, flag: Path) -> Iterator[subprocess.Popen[str]]:
    """Hold the lock: a real migration whose last revision waits for a file to appear."""
    write_revision(
        project,
        "aaaa",
        upgrade="\n    ".join(
            [
                "import pathlib, time",
                "if not pathlib.Path({!r}).exists():",
                "    pathlib.Path({!r}).touch()",
                "    while not pathlib.Path({!r}).exists(): time.sleep(0.02)",
            ]
        ).format(f"{flag}.begun", f"{flag}.begun", str(flag)),
    )
    with running(project, "db.migrate") as holder:
        until(
            lambda: flag.with_name(f"{flag.name}.begun").exists() or holder.poll() is not None,
            "the migration begins",
        )
        assert holder.poll() is None, holder.communicate()
        assert rows(url, HOLDERS)[0].startswith(f"dbtasks migrating: pid {holder.pid} on ")
        yield holder


def test_twenty_processes_apply_every_revision_once(
    project: Project, database: DatabaseURL
) -> None:
    audited(project, database)
    with ThreadPoolExecutor(20) as threads:
        runs = [threads.submit(project.invoke, "db.migrate", timeout=300) for _ in range(20)]
    done = [succeeded(run.result()) for run in runs]
    assert sorted(rows(database, "SELECT revision FROM audit")) == sorted(PLAIN)
    assert sum("nothing to do" in one.out for one in done) == 19, "\n".join(map(str, done))
    assert document(project, "db.status")["pending"] == 0
    assert rows(database, HOLDERS) == []


@pytest.mark.parametrize(
    "task", ["db.init", "db.rollback", "db.rollback --to base", "db.rollback-all --yes", "db.redo"]
)
def test_whatever_runs_revisions_waits_for_its_turn(
    task: str, project: Project, database: DatabaseURL, tmp_path: Path
) -> None:
    succeeded(project.invoke("db.migrate"))
    with migrating(project, database, tmp_path / "flag") as holder:
        found = error(project, *project.named(*task.split()), code=3, DBTASKS_LOCK_WAIT="0.3")
        assert found["code"] == "locked"
        assert holder.poll() is None
        assert version(database) == [PLAIN[2]]


def test_a_stamp_waits_for_its_turn(
    project: Project, database: DatabaseURL, tmp_path: Path
) -> None:
    succeeded(project.invoke("db.migrate"))
    with migrating(project, database, tmp_path / "flag"):
        arguments = project.named("db.stamp", PLAIN[0])
        assert error(project, *arguments, code=3, DBTASKS_LOCK_WAIT="0.3")["code"] == "locked"
        assert version(database) == [PLAIN[2]]


def test_who_waits_is_told_once_who_holds_the_lock_and_then_goes_on(
    project: Project, database: DatabaseURL, tmp_path: Path
) -> None:
    succeeded(project.invoke("db.migrate"))
    with (
        migrating(project, database, tmp_path / "flag") as holder,
        running(project, "db.migrate") as waiter,
    ):
        until(lambda: rows(database, WAITED_ON) == [1], "the second process waits")
        time.sleep(0.5)
        (tmp_path / "flag").touch()
        out, err = waiter.communicate(timeout=60)
        told = re.fullmatch(
            rf"waiting for {HELD}, which holds the migration lock of {database.database}\n", err
        )
        assert told is not None, err
        assert told[2] == str(holder.pid)
        assert "nothing to do" in out
        assert (waiter.returncode, holder.wait(60)) == (0, 0)
    assert version(database) == ["aaaa"]


def test_who_has_waited_long_enough_says_for_whom(
    project: Project, database: DatabaseURL, tmp_path: Path
) -> None:
    succeeded(project.invoke("db.migrate"))
    with migrating(project, database, tmp_path / "flag") as holder:
        found = error(project, "db.migrate", code=3, DBTASKS_LOCK_WAIT="0.5")
        told = re.fullmatch(
            rf"waited 0\.5 s to migrate database {database.database} at {database.place}:"
            rf" its migration lock is held by {HELD}",
            found["message"],
        )
        assert told is not None, found
        assert told[2] == str(holder.pid)
        assert found == {
            "code": "locked",
            "message": found["message"],
            "remedy": "run this again when that has ended, or let lock_wait (DBTASKS_LOCK_WAIT) be longer;"
            " if it hangs, end that client, or if the client's machine is gone, its session:"
            f" SELECT pg_terminate_backend({told[1]})",
        }
        assert rows(database, f"SELECT pg_terminate_backend({told[1]})") == [True]
        (tmp_path / "flag").touch()
        out, err = holder.communicate(timeout=60)
    assert holder.returncode == 0, (out, err)
    assert (
        "the connection with the migration lock was lost: another process may have migrated too"
        in err
    )


def test_the_lock_goes_with_a_holder_that_is_killed(
    project: Project, database: DatabaseURL, tmp_path: Path
) -> None:
    with migrating(project, database, tmp_path / "flag") as holder:
        with running(project, "db.migrate", "--json") as waiter:
            until(lambda: rows(database, WAITED_ON) == [1], "the second process waits")
            os.kill(holder.pid, signal.SIGKILL)
            out, err = waiter.communicate(timeout=60)
        assert holder.wait(60) == -signal.SIGKILL
    assert waiter.returncode == 0, err
    assert revisions(json.loads(out)) == [*PLAIN, "aaaa"]
    assert version(database) == ["aaaa"]


def test_who_waits_and_loses_the_connection_says_so(
    project: Project, database: DatabaseURL, tmp_path: Path
) -> None:
    with (
        migrating(project, database, tmp_path / "flag"),
        running(project, "db.migrate", "--json") as waiter,
    ):
        until(lambda: rows(database, WAITED_ON) == [1], "the second process waits")
        execute(database, WAITED_ON.replace("count(*)", "pg_terminate_backend(pid)"))
        out, err = waiter.communicate(timeout=60)
    assert waiter.returncode == 3, err
    assert json.loads(out)["error"] == {
        "code": "lock-lost",
        "message": f"the connection for the migration lock of {database.database} was lost:"
        " terminating connection due to administrator command",
        "remedy": "see that the server runs, then run this again; nothing was changed",
    }


def test_nothing_to_do_takes_no_lock(
    project: Project, database: DatabaseURL, tmp_path: Path
) -> None:
    succeeded(project.invoke("db.migrate"))
    with migrating(project, database, tmp_path / "flag"):
        (project.root / "migrations" / "versions" / "aaaa.py").unlink()
        for task in (
            "db.migrate",
            "db.migrate heads",
            f"db.migrate {PLAIN[2]}",
            f"db.rollback --to {PLAIN[2][:6]}",
            "db.stamp head",
            "db.init",
        ):
            done = succeeded(project.invoke(*project.named(*task.split()), DBTASKS_LOCK_WAIT="0.1"))
            assert "waiting" not in done.err, task
        assert rows(database, WAITED_ON) == [0]


def test_nothing_to_undo_takes_no_lock(
    project: Project, database: DatabaseURL, tmp_path: Path
) -> None:
    with migrating(project, database, tmp_path / "flag"):  # all in one transaction
        for task in ("db.rollback", "db.redo"):
            found = error(project, *project.named(task), DBTASKS_LOCK_WAIT="0.1")
            assert found["code"] == "nothing-to-undo"
        to_base = project.named("db.rollback", "--to", "base")
        assert document(project, *to_base, DBTASKS_LOCK_WAIT="0.1") == {
            "applied": [],
            "current": [],
            "pending": 4,
        }


def test_an_index_is_created_concurrently_while_others_wait(
    project: Project, database: DatabaseURL, tmp_path: Path
) -> None:
    """Our own, and somebody else's."""
    flag = tmp_path / "flag"
    begun = tmp_path / "flag.begun"
    write_revision(
        project,
        "aaaa",
        upgrade="\n    ".join(
            [
                "import pathlib, time",
                "with op.get_context().autocommit_block():",
                f"    pathlib.Path({str(begun)!r}).touch()",
                f"    while not pathlib.Path({str(flag)!r}).exists(): time.sleep(0.02)",
                '    op.execute("CREATE INDEX CONCURRENTLY ours ON note (body)")',
            ]
        ),
    )
    with (
        running(project, "db.migrate") as holder,
        contextlib.ExitStack() as waiters,
    ):
        until(begun.exists, "the migration begins")
        waiting = [waiters.enter_context(running(project, "db.migrate")) for _ in range(3)]
        until(lambda: rows(database, WAITED_ON) == [3], "three processes wait")
        with maintenance.connect(database) as other:
            other.execute("SET statement_timeout = '20s'")
            other.execute("CREATE INDEX CONCURRENTLY theirs ON note (title)")
        assert rows(database, WAITED_ON) == [3]
        flag.touch()
        for process in (holder, *waiting):
            out, err = process.communicate(timeout=60)
            assert process.returncode == 0, (out, err)
    assert {"ours", "theirs"} <= relations(database)
    assert rows(database, "SELECT 1 FROM pg_index WHERE NOT indisvalid") == []


def test_a_role_that_may_not_see_other_sessions_is_told_what_it_may_see(
    database: DatabaseURL,
) -> None:
    maintenance.create(database)
    role = f"{database.database} plain"
    execute(database, f"CREATE ROLE \"{role}\" LOGIN PASSWORD 'x'")
    try:
        with (
            migration_lock(database, VersionTable(), wait=1, say=print),
            pytest.raises(ServerError) as caught,
            migration_lock(
                replace_url(database, user=role, password="x"),
                VersionTable(),
                wait=0.1,
                say=print,
            ),
        ):
            pytest.fail("two hold one lock")
    finally:
        execute(database.with_database("postgres"), f'DROP ROLE "{role}"')
    assert re.fullmatch(
        rf"waited 0\.1 s to migrate database {database.database} at {database.place}: its migration lock"
        rf" is held by server process \d+ \(dbtasks migrating: pid {os.getpid()} on \S+\)",
        caught.value.message,
    )


def test_a_server_that_ends_idle_sessions_leaves_the_lock_alone(
    project: Project, database: DatabaseURL, tmp_path: Path
) -> None:
    execute(database, f'ALTER DATABASE "{database.database}" SET idle_session_timeout = 300')
    with migrating(project, database, tmp_path / "flag") as holder:
        time.sleep(1)
        found = error(project, "db.migrate", code=3, DBTASKS_LOCK_WAIT="0.2")
        assert f"pid {holder.pid} on" in found["message"]


def test_another_version_table_of_the_database_has_a_lock_of_its_own(
    project: Project, database: DatabaseURL, copy_project: CopyProject, tmp_path: Path
) -> None:
    second = copy_project("pyproject_toml", database)
    for env in second.root.rglob("env.py"):
        replace(env, "target_metadata=", "version_table='second', target_metadata=")
    with migrating(project, database, tmp_path / "flag"):
        succeeded(second.invoke("db.migrate", DBTASKS_LOCK_WAIT="0.1"))
    assert len(version(database, "second")) == 1


@pytest.mark.parametrize("exists", [False, True])
@pytest.mark.parametrize("schema", ["public", "a Shop"])
def test_a_schema_that_is_named_and_one_that_is_found_have_one_lock(
    schema: str, exists: bool, database: DatabaseURL
) -> None:
    """A deploy may name the schema in env.py where the one before left it to the search path."""
    maintenance.create(database)
    name = f'ALTER DATABASE "{database.database}" SET search_path = missing, "a Shop", public'
    if schema != "public":
        execute(database, f'CREATE SCHEMA "{schema}"; {name}')
    if exists:
        execute(database, f'CREATE TABLE "{schema}".alembic_version (version_num text)')
    found, other = VersionTable(), VersionTable(schema="other")
    for first, second in (
        (found, VersionTable(schema=schema)),
        (VersionTable(schema=schema), found),
    ):
        with migration_lock(database, first, wait=1, say=print):
            with (
                pytest.raises(ServerError, match="its migration lock is held by"),
                migration_lock(database, second, wait=0.1, say=print),
            ):
                raise AssertionError
            with migration_lock(database, other, wait=0.1, say=print):
                pass


class TestPooler:
    """Through PgBouncer."""

    @pytest.fixture(autouse=True)
    def _installed(self) -> None:
        if poolers.program() is None:
            missing("no pgbouncer is installed")

    @pytest.mark.parametrize("round_robin", [0, 1])
    def test_in_transaction_mode_it_is_refused(
        self, round_robin: int, project: Project, database: DatabaseURL
    ) -> None:
        with poolers.pgbouncer(database, "transaction", round_robin=round_robin) as behind:
            found = error(project, "db.migrate", code=3, DATABASE_URL=behind.libpq())
        assert found == {
            "code": "pooler",
            "message": f"{behind.place} is a connection pooler whose clients share connections, such as"
            " PgBouncer in transaction mode, and no lock on a migration lasts there",
            "remedy": "let lock_url (DBTASKS_LOCK_URL) be the URL of the database past the pooler",
        }
        assert relations(database) == set()

    def test_the_lock_is_taken_past_it(
        self, project: Project, database: DatabaseURL, tmp_path: Path
    ) -> None:
        with poolers.pgbouncer(database, "transaction") as behind:
            past: dict[str, Any] = {
                "DATABASE_URL": behind.libpq(),
                "DBTASKS_LOCK_URL": database.libpq(),
            }
            succeeded(project.invoke("db.migrate", PLAIN[1], **past))
            with migrating(project, database, tmp_path / "flag"):
                found = error(project, "db.migrate", code=3, DBTASKS_LOCK_WAIT="0.2", **past)
                assert found["code"] == "locked"

    def test_in_session_mode_it_is_as_good_as_the_server(
        self, project: Project, database: DatabaseURL
    ) -> None:
        with poolers.pgbouncer(database, "session") as behind:
            found = document(project, "db.migrate", DATABASE_URL=behind.libpq())
        assert revisions(found) == list(PLAIN)

    @pytest.mark.parametrize("mode", ["session", "transaction"])
    @pytest.mark.parametrize("is_known", [False, True])
    def test_with_one_connection_only_it_is_explained(
        self, mode: str, is_known: bool, project: Project, database: DatabaseURL
    ) -> None:
        """Wherever the second one is missing: in env.py, at the lock, beside env.py."""
        with poolers.pgbouncer(database, mode, size=1, patience=1) as behind:
            if is_known:  # so that env.py is not asked for the version table
                succeeded(project.invoke("db.current"))
            found = error(project, "db.migrate", code=3, DATABASE_URL=behind.libpq())
        assert relations(database) == set()
        shared = is_known and mode == "transaction"  # which it is even so
        assert found["message"] == (
            f"{behind.place} is a connection pooler whose clients share connections, such as"
            " PgBouncer in transaction mode, and no lock on a migration lasts there"
            if shared
            else f"{behind.place} is a connection pooler that had no connection left: dbtasks and"
            " env.py need several at once"
        )
        assert found["remedy"] == (
            "let lock_url (DBTASKS_LOCK_URL) be the URL of the database past the pooler"
            if shared
            else "let its pool (PgBouncer's default_pool_size) have 4 that are free, or let"
            " DATABASE_URL be the database's URL past the pooler"
        )
        assert found["code"] == "pooler"

    def test_a_lock_url_of_another_database_is_refused(
        self, project: Project, database: DatabaseURL
    ) -> None:
        other = database.with_database("postgres").libpq()
        assert error(project, "db.migrate", code=2, DBTASKS_LOCK_URL=other) == {
            "code": "lock-url",
            "message": f"lock_url leads to another database than {database.database} at {database.place}",
            "remedy": "let lock_url be another address of that very database",
        }
        assert relations(database) == set()
