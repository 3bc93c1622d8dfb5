"""How long the statements of revisions may wait and run: by default, by setting, CONCURRENTLY."""

from __future__ import annotations

import signal
from typing import TYPE_CHECKING, Any

import pytest

import poolers
from background import running
from conftest import missing
from dbtasks import maintenance
from histories import ENV, document, error, execute, rows, succeeded, write_env, write_revision
from waiting import until

if TYPE_CHECKING:
    from conftest import CopyProject
    from consumers import Project
    from dbtasks.url import DatabaseURL

LAST = {"plain": "ed7760b0e974", "async_engine": "3c45577beb9c"}
NAMES = ("lock_timeout", "statement_timeout")
LIMITS = "current_setting('lock_timeout') || ' ' || current_setting('statement_timeout')"
SEEN = f"INSERT INTO seen SELECT '{{}} ' || {LIMITS}"
# The index holds what its builder saw.
LOOK = f"CREATE FUNCTION look(text) RETURNS text IMMUTABLE LANGUAGE plpgsql AS $$BEGIN RETURN {LIMITS}; END$$"


def look(project: Project, last: str, *first: str) -> None:
    """Write a revision that notes its limits in a transaction, in an autocommit block, CONCURRENTLY."""
    write_revision(
        project,
        "aaaa",
        last,
        upgrade="\n    ".join(
            [
                "op.execute(\"CREATE TABLE seen AS SELECT text '' AS limits\")",
                "op.execute(\"CREATE TABLE subject AS SELECT text 'x' AS name\")",
                f'op.execute("{LOOK}")',
                f'op.execute("{SEEN.format("1 transaction")}")',
                "with op.get_context().autocommit_block():",
                *(f'    op.execute("{statement}")' for statement in first),
                f'    op.execute("{SEEN.format("2 autocommit")}")',
                '    op.execute("CREATE INDEX CONCURRENTLY looked ON subject (look(name))")',
                f'    op.execute("{SEEN.format("3 autocommit")}")',
                f'op.execute("{SEEN.format("4 transaction")}")',
            ]
        ),
    )


def seen(url: DatabaseURL, *, concurrently: str) -> list[str]:
    """Return what the revision saw, once it is sure what the builder of the index saw."""
    with maintenance.connect(url) as connection:
        connection.execute("SET enable_seqscan = off")
        found = connection.execute("SELECT 1 FROM subject WHERE look(name) = %s", [concurrently])
        assert found.fetchone() is not None, "the index holds something else"
    return sorted(rows(url, "SELECT limits FROM seen WHERE limits <> ''"))


def everywhere(limits: str) -> list[str]:
    places = ("1 transaction", "2 autocommit", "3 autocommit", "4 transaction")
    return [f"{place} {limits}" for place in places]


@pytest.fixture(params=["plain", "async_engine"])
def project(
    request: pytest.FixtureRequest, copy_project: CopyProject, database: DatabaseURL
) -> Project:
    """A project with psycopg, and one with asyncpg, on a server that dbtasks did not make."""
    project = copy_project(request.param, database)
    maintenance.create(database)
    look(project, LAST[request.param])
    return project


def test_on_an_external_server_there_are_limits_by_default(
    project: Project, database: DatabaseURL
) -> None:
    told = document(project, "db.config")
    assert [told[name] for name in NAMES] == [
        {"value": "3s", "from": "default on an external server"},
        {"value": "1h", "from": "default on an external server"},
    ]
    succeeded(project.invoke("db.migrate"))
    assert seen(database, concurrently="30min 0") == everywhere("3s 1h")


def test_what_is_set_wins(project: Project, database: DatabaseURL) -> None:
    given: Any = {
        "DBTASKS_LOCK_TIMEOUT": "0",
        "DBTASKS_STATEMENT_TIMEOUT": "5min",
        "DBTASKS_CONCURRENTLY_LOCK_TIMEOUT": "2h",
        "DBTASKS_CONCURRENTLY_STATEMENT_TIMEOUT": "3h",
    }
    told = document(project, "db.config", **given)
    assert [told[name]["value"] for name in NAMES] == ["0", "5min"]
    succeeded(project.invoke("db.migrate", **given))
    assert seen(database, concurrently="2h 3h") == everywhere("0 5min")


def test_what_the_role_or_the_database_has_wins_over_a_default(
    copy_project: CopyProject, database: DatabaseURL
) -> None:
    maintenance.create(database)
    execute(database, f"ALTER DATABASE {database.database} SET lock_timeout = '1s'")
    project = copy_project("plain", database)
    look(project, LAST["plain"])
    succeeded(project.invoke("db.migrate"))
    assert seen(database, concurrently="1s 0") == everywhere("1s 1h")


def test_what_env_py_or_a_revision_sets_wins_over_a_default(
    copy_project: CopyProject, database: DatabaseURL
) -> None:
    maintenance.create(database)
    project = copy_project("plain", database)
    options = 'connect_args={"options": "-c lock_timeout=2s"}'
    write_env(project, ENV.replace("poolclass", f"{options}, poolclass"))
    look(project, LAST["plain"], "SET statement_timeout = '9min'")
    succeeded(project.invoke("db.migrate"))
    assert seen(database, concurrently="2s 9min") == [
        "1 transaction 2s 1h",
        "2 autocommit 2s 9min",
        "3 autocommit 2s 9min",
        "4 transaction 2s 9min",
    ]


def test_a_throwaway_database_has_no_limits_by_default(
    copy_project: CopyProject, database: DatabaseURL
) -> None:
    maintenance.create(database)
    project = copy_project("plain", database)
    raises = f"op.execute(\"DO $$ BEGIN RAISE EXCEPTION '%', {LIMITS}; END $$\")"
    write_revision(project, "aaaa", LAST["plain"], upgrade=raises)
    message = "revision aaaa (a change) could not be applied: {}"
    assert error_of(project, "db.plan") == message.format("0 0")
    assert error_of(project, "db.migrate") == message.format("3s 1h")


def test_a_statement_that_runs_too_long_names_the_setting(
    copy_project: CopyProject, database: DatabaseURL
) -> None:
    project = copy_project("plain", database, DBTASKS_STATEMENT_TIMEOUT="200ms")
    write_revision(project, "aaaa", LAST["plain"], upgrade='op.execute("SELECT pg_sleep(60)")')
    found = error(project, "db.init")
    assert found["message"] == (
        "revision aaaa (a change) could not be applied: canceling statement due to statement timeout"
    )
    assert found["remedy"] == (
        "let statement_timeout (DBTASKS_STATEMENT_TIMEOUT) be longer, 0 for no end, or the revision do"
        " less in one statement, then run this again; what it changed is rolled back"
    )


def test_through_a_pooler_no_default_stays_with_others(
    copy_project: CopyProject, database: DatabaseURL
) -> None:
    if poolers.program() is None:
        missing("no pgbouncer is installed")
    maintenance.create(database)
    project = copy_project("plain", database)
    look(project, LAST["plain"])
    with poolers.pgbouncer(database, "transaction") as behind:
        past: Any = {"DATABASE_URL": behind.libpq(), "DBTASKS_LOCK_URL": database.libpq()}
        told = document(project, "db.config", **past)
        assert [told[name] for name in NAMES] == [{"value": None, "from": "default"}] * 2
        succeeded(project.invoke("db.migrate", **past))
        assert rows(behind, f"SELECT {LIMITS}") == ["0 0"]
    assert seen(database, concurrently="0 0") == everywhere("0 0")


def error_of(project: Project, task: str) -> str:
    return str(document(project, task, code=4)["error"]["message"])


@pytest.mark.parametrize(
    ("name", "statement"),
    [
        ("plain", "CREATE INDEX CONCURRENTLY slow ON held (id)"),
        ("async_engine", "SELECT pg_sleep(3600)"),
    ],
)
def test_a_killed_client_leaves_no_statement_running(
    name: str, statement: str, copy_project: CopyProject, database: DatabaseURL
) -> None:
    maintenance.create(database)
    execute(database, "CREATE TABLE held (id integer)")
    project = copy_project(name, database)
    succeeded(project.invoke("db.migrate"))
    upgrade = f'with op.get_context().autocommit_block():\n        op.execute("{statement}")'
    write_revision(project, "aaaa", LAST[name], upgrade=upgrade)
    running_now = (
        f"SELECT pid FROM pg_stat_activity WHERE query = '{statement}' AND state = 'active'"
    )
    with maintenance.connect(database) as other, running(project, "db.migrate") as process:
        other.execute("BEGIN ISOLATION LEVEL REPEATABLE READ")
        other.execute("SELECT 1 FROM held")  # an old snapshot, which CONCURRENTLY waits for
        until(lambda: rows(database, running_now), "the statement runs")
        process.send_signal(signal.SIGKILL)
        until(lambda: not rows(database, running_now), "the server sees that nobody is there")
        other.execute("ROLLBACK")
