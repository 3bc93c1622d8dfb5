"""Any env.py, unedited: revisions applied, undone and explained through `invoke`."""

from __future__ import annotations

import json
import logging
import os
import signal
import subprocess
import sys
import time
from typing import TYPE_CHECKING, Any

import pytest

from dbtasks import maintenance
from dbtasks.errors import MigrationError
from dbtasks.migrator import Migrator
from dbtasks.url import DatabaseURL
from histories import (
    ENV,
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
    write_env,
    write_revision,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from conftest import CopyProject, MakeSettings
    from consumers import Project

OWN_VARIABLES = """\
[tool.dbtasks.env]
DB_HOST = "{host}"
DB_PORT = "{port}"
DB_USER = "{user}"
DB_PASSWORD = "{password}"
DB_NAME = "{database}"
"""
HISTORIES = {
    "plain": PLAIN,
    "async_engine": ("6556293458c3", "7a3146ea43e4", "3c45577beb9c"),
    "pyproject_toml": ("5fb3ad1b3332", "62311bb4703b", "5c57f8feb934"),
    "own_variables": ("6b257231d4ac", "d75d0a722a5f", "b3e57cd2205d"),
    "many_locations": ("684b7bec4cd6", "4e99083e16f6", "3d5a625b6048", "37c81db238fc"),
}
AT_HEAD = {
    "plain": {"note", "note_pkey", "ix_note_title"},
    "async_engine": {"job", "job_pkey", "job_name_key", "ix_job_due_at"},
    "pyproject_toml": {"book", "book_pkey", "book_isbn_key"},
    "own_variables": {"item", "item_pkey"},
    "many_locations": {
        "account",
        "account_pkey",
        "Billing Data.Invoice",
        "Billing Data.Invoice_pkey",
    },
}
SETTINGS = {
    "own_variables": OWN_VARIABLES,
    "many_locations": '[tool.dbtasks]\nsetup_sql = "setup.sql"\n',
}
RETRYING_ENV = """\
import sqlalchemy as sa
from alembic import context

engine = sa.create_engine(context.config.get_main_option("sqlalchemy.url"))
for attempt in range(2):
    try:
        with engine.connect() as connection:
            context.configure(connection=connection)
            with context.begin_transaction():
                context.run_migrations(attempt=attempt)
        break
    except RuntimeError:
        if attempt:
            raise
"""
BEFORE_HEAD = {"many_locations": ["3d5a625b6048", "4e99083e16f6"]}


def adopted(copy_project: CopyProject, name: str, url: DatabaseURL) -> Project:
    """A project with the dbtasks settings that it needs; its own files stay as they are."""
    project = copy_project(name, url)
    if name in SETTINGS:
        (project.root / "pyproject.toml").write_text(SETTINGS[name], encoding="utf-8")
    return project


@pytest.mark.parametrize("name", HISTORIES)
def test_an_unedited_env_goes_through_every_task(
    name: str, copy_project: CopyProject, database: DatabaseURL
) -> None:
    project, history = adopted(copy_project, name, database), HISTORIES[name]
    head, before = history[-1], BEFORE_HEAD.get(name, [history[-2]])
    table = "ops.alembic_version" if name == "many_locations" else "alembic_version"
    marks = {table.removeprefix("public."), f"{table}_pkc"}

    first = document(project, "db.init")
    assert (revisions(first), first["current"], first["pending"]) == (list(history), [head], 0)
    assert all(one["seconds"] > 0 for one in first["applied"])
    assert (relations(database), version(database, table)) == (AT_HEAD[name] | marks, [head])

    status = document(project, "db.status")
    assert (status["current"], status["heads"], status["pending"]) == ([head], [head], 0)
    assert status["problem"] is None
    assert [one["revision"] for one in document(project, "db.current")] == [head]
    assert document(project, "db.check") == {"differences": []}

    undone = document(project, *project.named("db.rollback"))
    assert (revisions(undone), undone["current"], undone["pending"]) == ([head], before, 1)
    assert version(database, table) == before
    assert [one["revision"] for one in document(project, "db.migrate", "--plan")] == [head]
    sql = succeeded(project.invoke("db.migrate", "--sql")).out
    assert sql.startswith("BEGIN;")
    assert f"-> {head}" in sql
    assert version(database, table) == before
    assert revisions(document(project, "db.migrate")) == [head]

    everything = document(project, *project.named("db.rollback-all", "--yes"))
    assert (everything["current"], everything["pending"]) == ([], len(history))
    assert sorted(revisions(everything)) == sorted(history)
    assert relations(database) == marks
    assert version(database, table) == []
    assert revisions(document(project, "db.migrate")) == list(history)
    assert relations(database) == AT_HEAD[name] | marks

    done = succeeded(
        project.invoke(
            *project.named("db.redo"),
            *project.named("db.stamp", "base"),
            *project.named("db.stamp", "head"),
        )
    )
    assert [line.partition(" in ")[0] for line in done.out.splitlines()] == [
        "ran 2 revisions",
        "the version table says base",
        f"the version table says {head}",
    ]
    assert version(database, table) == [head]


def test_alembic_ini_is_not_needed_beside_pyproject_toml(
    copy_project: CopyProject, database: DatabaseURL
) -> None:
    project = copy_project("pyproject_toml", database)
    (project.root / "alembic.ini").unlink()
    done = succeeded(project.invoke("db.init", *project.named("db.rollback"), "db.migrate"))
    assert "applied 3 revisions in" in done.out
    assert version(database) == [HISTORIES["pyproject_toml"][-1]]


def test_history_and_heads_tell_what_the_contract_promises(
    copy_project: CopyProject, database: DatabaseURL
) -> None:
    project = copy_project("plain", database)
    versions = project.root / "migrations" / "versions"
    assert [one["is_current"] for one in document(project, "db.history")] == [False] * 3
    succeeded(project.invoke("db.init", *project.named("db.rollback")))
    newest = {
        "revision": PLAIN[2],
        "down_revision": [PLAIN[1]],
        "message": "index title",
        "path": str(versions / f"{PLAIN[2]}_index_title.py"),
        "is_head": True,
        "is_current": False,
    }
    history = document(project, "db.history")
    assert history[0] | newest == history[0]
    assert [(one["revision"], one["is_current"]) for one in history] == [
        (PLAIN[2], False),
        (PLAIN[1], True),
        (PLAIN[0], False),
    ]
    assert history[2]["down_revision"] == []
    (head,) = document(project, "db.heads")
    assert head | newest == head
    assert succeeded(project.invoke("db.history")).out.splitlines() == [
        f"○ {PLAIN[2]} (head) index title",
        f"● {PLAIN[1]} (current) add body",
        f"○ {PLAIN[0]} create note",
    ]


def test_progress_goes_to_stderr_and_the_result_to_stdout(
    copy_project: CopyProject, database: DatabaseURL
) -> None:
    done = succeeded(copy_project("plain", database).invoke("db.init"))
    assert done.out.startswith("applied 3 revisions in ")
    assert done.out.endswith(f" s, the database is at {PLAIN[2]}\n")
    told = done.err.splitlines()
    assert told[:5] == [
        f"created database {database.database}",
        f'database "{database.database}" at {database.place} (its URL is from DATABASE_URL)',
        f"  will apply {PLAIN[0]} create note",
        f"  will apply {PLAIN[1]} add body",
        f"  will apply {PLAIN[2]} index title",
    ]
    lines = [line.split() for line in told[5:]]
    assert [(line[0], line[1], line[2], *line[5:]) for line in lines] == [
        ("1/3", "+", PLAIN[0], "create", "note"),
        ("2/3", "+", PLAIN[1], "add", "body"),
        ("3/3", "+", PLAIN[2], "index", "title"),
    ]


def test_a_target_may_be_a_revision_its_beginning_or_relative(
    copy_project: CopyProject, database: DatabaseURL
) -> None:
    project = copy_project("plain", database)
    succeeded(project.invoke("db.init", *project.named("db.rollback-all", "--yes")))
    assert document(project, "db.migrate", "+2")["current"] == [PLAIN[1]]
    assert document(project, "db.migrate", PLAIN[0])["applied"] == []  # older: nothing to do
    assert document(project, "db.migrate", PLAIN[2][:6])["current"] == [PLAIN[2]]
    assert document(project, *project.named("db.rollback", "--steps", "2"))["current"] == [PLAIN[0]]
    assert document(project, "db.migrate", f"{PLAIN[0]}+1")["current"] == [PLAIN[1]]
    assert document(project, *project.named("db.rollback", "--to", "base"))["current"] == []
    assert error(project, "db.migrate", "+4") == {
        "code": "unknown-revision",
        "message": "Relative revision +4 didn't produce 4 migrations",
        "remedy": "invoke db.history lists the revisions",
    }
    assert error(project, *project.named("db.rollback")) == {
        "code": "nothing-to-undo",
        "message": "no revision is applied, so there is nothing to undo",
        "remedy": "invoke db.migrate applies the pending ones",
    }
    assert version(database) == []


def test_every_mention_of_a_task_is_run(copy_project: CopyProject, database: DatabaseURL) -> None:
    project = copy_project("plain", database)
    done = succeeded(
        project.invoke("db.init", "db.migrate", *project.named("db.rollback"), "db.migrate")
    )
    assert [line.partition(" in ")[0] for line in done.out.splitlines()] == [
        "applied 3 revisions",
        f"nothing to do, the database is at {PLAIN[2]}",
        "undid 1 revision",
        "applied 1 revision",
    ]


def test_two_databases_of_one_tasks_file_are_both_migrated(
    copy_project: CopyProject, database: DatabaseURL
) -> None:
    project = copy_project("plain", database)
    other = database.with_database(f"{database.database}_analytics")
    analytics = copy_project("pyproject_toml")
    analytics.root.rename(project.root / "analytics")
    (project.root / "pyproject.toml").write_text(
        '[tool.dbtasks.databases.analytics]\nalembic = "analytics/pyproject.toml"\n',
        encoding="utf-8",
    )
    (project.root / "tasks.py").write_text(
        "from invoke import Collection\nimport dbtasks\n"
        "ns = Collection(dbtasks.collection(),"
        " dbtasks.collection('analytics', database='analytics'))\n",
        encoding="utf-8",
    )
    urls: dict[str, Any] = {"DBTASKS_ANALYTICS_URL": other.libpq()}
    try:
        succeeded(project.invoke("db.init", "analytics.init", **urls))
        succeeded(
            project.invoke(
                *project.named("db.rollback"),
                "analytics.rollback",
                "--yes-destroy",
                other.database,
                **urls,
            )
        )
        succeeded(project.invoke("db.migrate", "analytics.migrate", **urls))
        assert version(database) == [PLAIN[2]]
        assert version(other) == [HISTORIES["pyproject_toml"][-1]]
        assert "note" not in relations(other)
    finally:
        maintenance.drop(other)


@pytest.mark.parametrize(
    "password", ["50%", "a@b:c/d", "two words", 'it\'s "so"', "Grüße €", "%41"]
)
@pytest.mark.parametrize("name", ["plain", "async_engine", "own_variables"])
def test_a_password_may_hold_any_character(
    name: str, password: str, copy_project: CopyProject, database: DatabaseURL
) -> None:
    role = f"r%le {database.database}"
    literal = "'" + password.replace("'", "''") + "'"
    execute(
        database.with_database("postgres"),
        f'CREATE ROLE "{role}" LOGIN CREATEDB PASSWORD {literal}',
    )
    url = DatabaseURL(
        host=database.host,
        port=database.port,
        user=role,
        password=password,
        database=database.database,
    )
    try:
        project = adopted(copy_project, name, url)
        assert document(project, "db.init")["current"] == [HISTORIES[name][-1]]
        status = project.invoke("db.status", "--json")
        assert json.loads(status.out)["problem"] is None
        assert password not in status.out
        assert (
            rows(database, "SELECT tableowner FROM pg_tables WHERE schemaname = 'public'")
            == [role] * 2
        )
    finally:
        maintenance.drop(database)
        execute(database.with_database("postgres"), f'DROP ROLE "{role}"')


@pytest.mark.parametrize("name", ["plain", "async_engine", "own_variables"])
def test_the_name_of_a_database_may_need_quoting(
    name: str, copy_project: CopyProject, database: DatabaseURL
) -> None:
    url = database.with_database(f'{database.database} "50%" é/?')
    try:
        project = adopted(copy_project, name, url)
        assert document(project, "db.init")["current"] == [HISTORIES[name][-1]]
        assert revisions(document(project, *project.named("db.rollback"))) == [HISTORIES[name][-1]]
        assert version(url) == [HISTORIES[name][-2]]
    finally:
        maintenance.drop(url)


@pytest.mark.parametrize("name", ["plain", "async_engine"])
def test_timeouts_hold_on_the_connection_of_env_also_in_autocommit_blocks(
    name: str, copy_project: CopyProject, database: DatabaseURL
) -> None:
    project = copy_project(
        name, database, DBTASKS_LOCK_TIMEOUT="3s", DBTASKS_STATEMENT_TIMEOUT="7s"
    )
    seen = "INSERT INTO seen SELECT '{}', current_setting('lock_timeout'), current_setting('statement_timeout')"
    write_revision(
        project,
        "aaaa",
        HISTORIES[name][-1],
        upgrade="\n    ".join(
            [
                'op.execute("CREATE TABLE seen (place text, lock text, statement text)")',
                f'op.execute("{seen.format("transaction")}")',
                "with op.get_context().autocommit_block():",
                f'    op.execute("{seen.format("autocommit")}")',
            ]
        ),
    )
    succeeded(project.invoke("db.init"))
    assert rows(database, "SELECT concat_ws(' ', place, lock, statement) FROM seen ORDER BY 1") == [
        "autocommit 3s 7s",
        "transaction 3s 7s",
    ]


def test_a_lock_timeout_ends_a_migration_that_waits(
    copy_project: CopyProject, database: DatabaseURL
) -> None:
    project = copy_project("plain", database)
    succeeded(project.invoke("db.init", *project.named("db.rollback")))
    with maintenance.connect(database) as other:
        other.execute("BEGIN")
        other.execute("LOCK TABLE note")
        limits = {"DBTASKS_LOCK_TIMEOUT": "100ms", "DBTASKS_LOCK_RETRIES": "0"}
        found = document(project, "db.migrate", code=4, **limits)["error"]
    assert found["message"] == (
        f"revision {PLAIN[2]} (index title) could not be applied:"
        " canceling statement due to lock timeout"
    )
    assert version(database) == [PLAIN[1]]


class TestEnv:
    """What an env.py may do, and what it must not do."""

    def test_connected_elsewhere_it_is_stopped_before_anything_changes(
        self, copy_project: CopyProject, database: DatabaseURL
    ) -> None:
        other = database.with_database(f"{database.database}_other")
        maintenance.create(other)
        project = copy_project("elsewhere", database, OTHER_DATABASE_URL=other.sqlalchemy())
        expected = {
            "code": "other-database",
            "message": f"{project.root}/migrations/env.py connected to database"
            f' "{other.database}" at {other.place}, and the one meant is'
            f' "{database.database}" at {database.place}; nothing was run',
            "remedy": "let env.py read sqlalchemy.url, or list the variables it reads below [tool.dbtasks.env]",
        }
        try:
            assert error(project, "db.init") == expected
            for task in (
                "db.migrate",
                "db.rollback",
                "db.check --live",
                "db.stamp head",
                "db.migrate --sql",
            ):
                assert error(project, *project.named(*task.split())) == expected
            assert document(project, "db.status")["problem"] == expected["message"]
            assert relations(database) == relations(other) == set()
        finally:
            maintenance.drop(other)
        nowhere = DatabaseURL(host="127.0.0.1", port=1, database="nowhere").sqlalchemy()
        done = project.invoke("db.migrate", OTHER_DATABASE_URL=nowhere)
        assert done.code == 4
        assert f"error: {project.root}/migrations/env.py could not connect: " in done.err
        assert "Traceback" not in done.err

    def test_of_another_dialect_it_is_stopped(
        self, copy_project: CopyProject, database: DatabaseURL
    ) -> None:
        project = copy_project("elsewhere", database, OTHER_DATABASE_URL="sqlite://")
        assert error(project, "db.init")["message"] == (
            f"{project.root}/migrations/env.py connected to a database of sqlite,"
            f' and the one meant is "{database.database}" at {database.place}; nothing was run'
        )

    def test_a_time_zone_of_its_own_is_no_other_database(
        self, copy_project: CopyProject, database: DatabaseURL
    ) -> None:
        project = copy_project("plain", database)
        options = 'connect_args={"options": "-c timezone=Asia/Tokyo -c datestyle=German"}'
        write_env(project, ENV.replace("poolclass", f"{options}, poolclass"))
        assert document(project, "db.init")["current"] == [PLAIN[2]]

    def test_a_search_path_of_its_own_is_followed(
        self, copy_project: CopyProject, database: DatabaseURL
    ) -> None:
        project = copy_project("plain", database, DBTASKS_SETUP_SQL='CREATE SCHEMA "A tenant"')
        options = 'connect_args={"options": "-c search_path=\\"A\\\\ tenant\\""}'
        write_env(project, ENV.replace("poolclass", f"{options}, poolclass"))
        assert document(project, "db.init")["current"] == [PLAIN[2]]
        assert version(database, '"A tenant".alembic_version') == [PLAIN[2]]
        assert document(project, *project.named("db.rollback"))["current"] == [PLAIN[1]]

    def test_what_it_does_not_commit_is_no_success(
        self, copy_project: CopyProject, database: DatabaseURL
    ) -> None:
        project = copy_project("plain", database)
        begun = 'connection.execute(sa.text("SELECT 1"))\n    context.configure('
        write_env(project, ENV.replace("context.configure(", begun))
        assert error(project, "db.init") == {
            "code": "not-committed",
            "message": f"{project.root}/migrations/env.py ran {', '.join(PLAIN)}"
            " and did not commit; the database is at base",
            "remedy": "let env.py use context.begin_transaction(),"
            " and commit what it began before context.configure()",
        }
        assert relations(database) == set()

    def test_may_try_again(self, copy_project: CopyProject, database: DatabaseURL) -> None:
        project = copy_project("plain", database)
        write_env(project, RETRYING_ENV)
        path = write_revision(
            project, "aaaa", upgrade="if attempt == 0: raise RuntimeError('first')"
        )
        for file in path.parent.glob("*.py"):
            text = file.read_text(encoding="utf-8")
            text = text.replace("upgrade() -> None", "upgrade()").replace(
                "upgrade()", "upgrade(attempt)"
            )
            file.write_text(text, encoding="utf-8")
        first = document(project, "db.init")
        assert (revisions(first), first["current"]) == ([*PLAIN, "aaaa"], ["aaaa"])

    def test_swallowing_a_failure_does_not_hide_it(
        self, copy_project: CopyProject, database: DatabaseURL
    ) -> None:
        project = copy_project("plain", database)
        body = ENV[ENV.index("engine") :].replace("\n", "\n    ")
        write_env(
            project,
            "import sqlalchemy as sa\nfrom alembic import context\n"
            f"try:\n    {body.rstrip()}\nexcept Exception as error:\n    print('never mind', error)\n",
        )
        write_revision(project, "aaaa", upgrade='op.execute("SELECT * FROM nowhere")')
        found = error(project, "db.init")
        assert found["message"] == (
            'revision aaaa (a change) could not be applied: relation "nowhere" does not exist'
        )
        assert relations(database) == set()

    @pytest.mark.parametrize(
        ("text", "message", "details"),
        [
            (
                "import sys\nsys.exit('no settings')\n",
                "raised SystemExit: no settings",
                ["{env}:2 in <module>: sys.exit('no settings')"],
            ),
            (
                "import no_such_module\n",
                "raised ModuleNotFoundError: No module named 'no_such_module'",
                ["{env}:1 in <module>: import no_such_module"],
            ),
            ("from alembic import context\n", "ended without running any migrations", []),
            ("def upgrade(:\n", "has a syntax error in line 1: invalid syntax", []),
        ],
    )
    def test_what_it_breaks_is_told_in_one_line(
        self,
        text: str,
        message: str,
        details: list[str],
        copy_project: CopyProject,
        database: DatabaseURL,
    ) -> None:
        project = copy_project("plain", database)
        env = write_env(project, text)
        found = error(project, "db.init")
        assert found["message"] == f"{env} {message}"
        assert found.get("details", []) == [line.format(env=env) for line in details]
        assert relations(database) == set()

    def test_that_raises_leaves_what_needs_no_database(
        self, copy_project: CopyProject, database: DatabaseURL
    ) -> None:
        project = copy_project("env_raises", database)
        env = project.root / "migrations" / "env.py"
        assert error(project, "db.init") == {
            "code": "env",
            "message": f"{env} raised RuntimeError: settings missing: APP_SECRET",
            "remedy": "mend env.py, or what it imports",
            "details": [f'{env}:1 in <module>: raise RuntimeError("settings missing: APP_SECRET")'],
        }
        assert len(document(project, "db.history")) == 3

    def test_without_the_variables_it_reads_the_remedy_names_them(
        self, copy_project: CopyProject, database: DatabaseURL
    ) -> None:
        project = copy_project("own_variables", database)
        found = error(project, "db.init")
        env = project.root / "migrations" / "env.py"
        assert found["message"] == f"{env} raised KeyError: 'DB_USER'"
        assert found["remedy"] == "set the variable, or list it below [tool.dbtasks.env]"

    def test_may_make_importable_what_the_revisions_import(
        self, copy_project: CopyProject, database: DatabaseURL
    ) -> None:
        project = copy_project("plain", database)
        (project.root / "lib").mkdir()
        (project.root / "lib" / "special.py").write_text("X = 1\n", encoding="utf-8")
        write_env(project, "import sys\nsys.path.append('lib')\n" + ENV)
        replace(write_revision(project, "aaaa"), "import sqlalchemy", "import special, sqlalchemy")
        assert document(project, "db.init")["current"] == ["aaaa"]
        assert revisions(document(project, *project.named("db.rollback"))) == ["aaaa"]


class TestFailure:
    """What a failing revision leaves, and what is said about it."""

    LINE = "LINE 1: UPDATE item SET location = w.place FROM warehouse w WHERE w...."
    WAREHOUSE = "CREATE TABLE warehouse (code text, name text, place text)"

    def test_in_one_transaction_takes_all_back(
        self, copy_project: CopyProject, database: DatabaseURL
    ) -> None:
        project = copy_project("failing", database)
        versions = project.root / "migrations" / "versions"
        assert error(project, "db.init") == {
            "code": "revision-failed",
            "message": "revision 2b2d1ab85620 (add location) could not be applied:"
            ' relation "warehouse" does not exist',
            "remedy": "mend the revision's file, then run this again; what it changed is rolled back",
            "details": [
                f"file: {versions}/2b2d1ab85620_add_location.py",
                "statement: UPDATE item SET location = w.place FROM warehouse w WHERE w.code = item.code",
                self.LINE,
                "                                                ^",
                "rolled back with it: acfde96c8133, f150e5bd0f9b (they shared one transaction)",
                "the database is at: base; 4 of 4 left",
            ],
        }
        assert relations(database) == set()
        execute(database, self.WAREHOUSE)
        assert document(project, "db.migrate")["current"] == ["16f6db8c6391"]

    def test_in_transactions_of_their_own_keeps_those_before(
        self, copy_project: CopyProject, database: DatabaseURL
    ) -> None:
        project = copy_project("failing_per_revision", database)
        found = error(project, "db.init")
        assert found["details"][-2:] == [
            "applied before it: a4796a28444b, b33c7a2682e6",
            "the database is at: b33c7a2682e6; 2 of 4 left",
        ]
        assert version(database) == ["b33c7a2682e6"]
        replace(
            project.root / "migrations" / "versions" / "58b8856842ba_add_location.py",
            "op.execute(",
            "print(",
        )
        assert revisions(document(project, "db.migrate")) == ["58b8856842ba", "68385f441949"]

    def test_after_an_autocommit_block_says_that_half_of_it_stays(
        self, copy_project: CopyProject, database: DatabaseURL
    ) -> None:
        project = copy_project("autocommit_half", database)
        found = error(project, "db.init")
        assert found["remedy"] == (
            "mend the revision's file, undo by hand what it did in autocommit blocks, then run this again"
        )
        assert found["details"][-2:] == [
            "applied before it: 9604c3e66599, e5e2ebcca424",
            "the database is at: e5e2ebcca424; 1 of 3 left",
        ]
        assert "ix_item_code" in relations(database)
        execute(database, self.WAREHOUSE)
        assert error(project, "db.migrate")["message"] == (
            "revision d058f25b0f93 (index code) could not be applied:"
            ' relation "ix_item_code" already exists'
        )
        execute(database, "DROP INDEX ix_item_code")
        assert document(project, "db.migrate")["pending"] == 0

    def test_in_an_async_engine_has_the_words_of_the_database(
        self, copy_project: CopyProject, database: DatabaseURL
    ) -> None:
        project = copy_project("async_engine", database)
        write_revision(
            project, "aaaa", "3c45577beb9c", upgrade='op.execute("SELECT * FROM nowhere")'
        )
        found = error(project, "db.init")
        assert found["message"] == (
            'revision aaaa (a change) could not be applied: relation "nowhere" does not exist'
        )
        # The concurrent index of the third revision committed the two before it, and half of itself.
        assert found["details"][1:] == [
            "statement: SELECT * FROM nowhere",
            "half applied: 3c45577beb9c (add due time); of it stays",
            "  ALTER TABLE job ADD COLUMN due_at TIMESTAMP WITH TIME ZONE",
            "  CREATE INDEX CONCURRENTLY ix_job_due_at ON job (due_at)",
            "applied before it: 6556293458c3, 7a3146ea43e4",
            "rolled back with it: 3c45577beb9c (they shared one transaction)",
            "the database is at: 7a3146ea43e4; 2 of 4 left",
        ]
        assert "autocommit" in found["remedy"]

    def test_at_the_commit_is_no_failed_connection(
        self, copy_project: CopyProject, database: DatabaseURL
    ) -> None:
        project = copy_project("plain", database)
        write_revision(
            project,
            "aaaa",
            upgrade='op.execute("CREATE TABLE d (i int UNIQUE DEFERRABLE INITIALLY DEFERRED)");'
            ' op.execute("INSERT INTO d VALUES (1), (1)")',
        )
        assert error(project, "db.init") == {
            "code": "revision-failed",
            "message": "the revisions ran and could not be committed:"
            ' duplicate key value violates unique constraint "d_i_key"',
            "remedy": "mend the revision that writes what the database refuses, then run this again",
            "details": [
                "DETAIL:  Key (i)=(1) already exists.",
                f"rolled back with it: {', '.join(PLAIN)}, aaaa (they shared one transaction)",
                "the database is at: base; 4 of 4 left",
            ],
        }

    def test_of_a_downgrade_says_undone(
        self, copy_project: CopyProject, database: DatabaseURL
    ) -> None:
        project = copy_project("plain", database)
        path = write_revision(project, "aaaa", downgrade="raise NotImplementedError('no way back')")
        succeeded(project.invoke("db.init"))
        assert error(project, *project.named("db.rollback-all", "--yes")) == {
            "code": "revision-failed",
            "message": "revision aaaa (a change) could not be undone: NotImplementedError: no way back",
            "remedy": "mend the revision's file, then run this again; what it changed is rolled back",
            "details": [
                f"file: {path}",
                "undone before it: none",
                "the database is at: aaaa; 4 of 4 left",
            ],
        }

    def test_to_be_written_as_sql_is_told(
        self, copy_project: CopyProject, database: DatabaseURL
    ) -> None:
        project = copy_project("plain", database)
        write_revision(
            project, "aaaa", upgrade='op.get_bind().execute(sa.text("SELECT 1")).scalar_one()'
        )
        succeeded(project.invoke("db.init", *project.named("db.rollback")))
        found = error(project, "db.migrate", "--sql")
        assert (found["code"], found["message"].partition(": ")[0]) == (
            "not-offline",
            "revision aaaa (a change) cannot be written as SQL",
        )

    def test_of_the_version_table_in_a_missing_schema_names_setup_sql(
        self, copy_project: CopyProject, database: DatabaseURL
    ) -> None:
        found = error(copy_project("many_locations", database), "db.init")
        assert (
            found["message"] == 'the version table could not be used: schema "ops" does not exist'
        )
        assert found["remedy"] == "create the schema with the setting setup_sql"


@pytest.mark.parametrize("name", ["plain", "async_engine"])
def test_an_interrupted_migration_exits_130_and_the_next_run_works(
    name: str, copy_project: CopyProject, database: DatabaseURL
) -> None:
    project = copy_project(name, database)
    head = HISTORIES[name][-1]
    path = write_revision(project, "aaaa", head, upgrade='op.execute("SELECT pg_sleep(60)")')
    maintenance.create(database)
    succeeded(project.invoke("db.migrate", head))
    process = subprocess.Popen(
        [sys.executable, "-m", "invoke", "db.migrate"],
        cwd=project.root,
        env=project.environ,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    sleeping = "SELECT pid FROM pg_stat_activity WHERE query LIKE '%pg_sleep(60)' AND datname = current_database()"
    limit = time.monotonic() + 60
    while not rows(database, sleeping) and time.monotonic() < limit:
        time.sleep(0.05)
    os.killpg(process.pid, signal.SIGINT)
    out, err = process.communicate(timeout=60)
    assert (process.returncode, out) == (130, ""), err
    assert "error: interrupted" in err
    assert "Traceback" not in err
    assert version(database) == [head]
    replace(path, "pg_sleep(60)", "1")
    assert document(project, "db.migrate")["current"] == ["aaaa"]


class TestInProcess:
    """A Migrator in somebody's own process leaves it as it was."""

    @pytest.fixture
    def project(self, copy_project: CopyProject, database: DatabaseURL) -> Project:
        maintenance.create(database)
        return copy_project("plain", database)

    @pytest.fixture
    def host_logger(self) -> Iterator[logging.Logger]:
        logger = logging.getLogger("host.application")
        yield logger
        logger.manager.loggerDict.pop("host.application")

    def test_logging_path_folder_and_variables_are_put_back(
        self,
        project: Project,
        database: DatabaseURL,
        make_settings: MakeSettings,
        host_logger: logging.Logger,
    ) -> None:
        env = project.root / "migrations" / "env.py"
        replace(
            env,
            "config = context.config\n",
            "config = context.config\nimport os, sys\nsys.path.append('nowhere'); os.environ['LEFT'] = 'over'\n",
        )
        root, alembic = logging.getLogger(), logging.getLogger("alembic")

        def surroundings() -> object:
            return (
                [
                    (one.level, one.handlers[:], one.disabled)
                    for one in (root, alembic, host_logger)
                ],
                sys.path[:],
                dict(os.environ),
                os.getcwd(),  # noqa: PTH109
                sys.stdout,
            )

        before = surroundings()
        migrator = Migrator(make_settings(project.root, url=database.libpq()), database)
        outcome = migrator.upgrade()
        assert [one.revision for one in outcome.applied] == list(PLAIN)
        assert surroundings() == before
        env.write_text("raise RuntimeError\n", encoding="utf-8")
        with pytest.raises(MigrationError):
            migrator.standing()
        assert surroundings() == before

    @pytest.mark.parametrize("use", ["nullcontext(given)", "given.connect()"])
    def test_an_env_may_use_the_connection_it_is_given(
        self, project: Project, database: DatabaseURL, make_settings: MakeSettings, use: str
    ) -> None:
        write_env(
            project,
            "from contextlib import nullcontext\n"
            "from alembic import context\n"
            "given = context.config.attributes['connection']\n"
            f"with {use} as connection:\n"
            "    context.configure(connection=connection)\n"
            "    with context.begin_transaction():\n"
            "        context.run_migrations()\n",
        )
        migrator = Migrator(make_settings(project.root), database)
        assert migrator.upgrade().current == (PLAIN[2],)
        assert migrator.rollback().current == (PLAIN[1],)
        maintenance.drop(database)  # would wait for a connection left open


def test_what_a_migration_prints_goes_to_stderr(
    copy_project: CopyProject, database: DatabaseURL
) -> None:
    project = copy_project("plain", database)
    write_revision(
        project,
        "aaaa",
        upgrade="\n    ".join(
            [
                "import logging, os, sys, warnings",
                "print('printed')",
                "os.system('echo from a process')",
                "logging.getLogger('alembic.runtime.migration').warning('a warning of alembic')",
                "logging.getLogger('mine').warning('a warning of mine')",
                "warnings.warn('careful')",
            ]
        ),
    )
    done = succeeded(project.invoke("db.init", "--json"))
    assert json.loads(done.out)["current"] == ["aaaa"]
    for line in (
        "printed",
        "from a process",
        "WARNI [alembic.runtime.migration] a warning of alembic",
        "WARNI [mine] a warning of mine",
    ):
        assert line in done.err.splitlines(), line
    assert "UserWarning: careful" in done.err
    assert "Running upgrade" not in done.err


class TestRunMigrations:
    """`run_migrations(metadata)` as an env.py, below dbtasks and below the alembic command."""

    @pytest.fixture(params=["psycopg", "asyncpg"])
    def project(
        self, request: pytest.FixtureRequest, copy_project: CopyProject, database: DatabaseURL
    ) -> Project:
        maintenance.create(database)
        project = copy_project("plain")
        project.environ["DATABASE_URL"] = database.with_driver(request.param).sqlalchemy()
        project.environ["DBTASKS_THROWAWAY_URL"] = database.with_database("postgres").libpq()
        write_env(
            project,
            "from app.models import Base\nfrom dbtasks import run_migrations\n\n"
            "run_migrations(Base.metadata)\n",
        )
        return project

    @pytest.fixture(params=["sqlalchemy.url", "settings"])
    def configured(self, request: pytest.FixtureRequest, project: Project) -> Project:
        """The URL is in alembic.ini, or nowhere but in the settings of dbtasks."""
        url = project.environ["DATABASE_URL"].replace("%", "%%")
        line = f"sqlalchemy.url = {url}" if request.param == "sqlalchemy.url" else ""
        ini = project.root / "alembic.ini"
        replace(ini, "sqlalchemy.url = postgresql+psycopg://localhost/app", line)
        if line:
            del project.environ["DATABASE_URL"]
        return project

    def test_below_alembic(self, configured: Project, database: DatabaseURL) -> None:
        def alembic(*arguments: str) -> str:
            done = configured.run(sys.executable, "-m", "alembic", *arguments)
            return succeeded(done).out

        alembic("upgrade", "head")
        assert version(database) == [PLAIN[2]]
        assert "No new upgrade operations detected." in alembic("check")
        alembic("downgrade", "-1")
        assert version(database) == [PLAIN[1]]
        sql = alembic("upgrade", f"{PLAIN[1]}:head", "--sql")
        assert "CREATE INDEX ix_note_title ON note (title);" in sql
        assert version(database) == [PLAIN[1]]

    def test_below_dbtasks(self, project: Project, database: DatabaseURL) -> None:
        assert document(project, "db.init")["current"] == [PLAIN[2]]
        assert revisions(document(project, *project.named("db.rollback"))) == [PLAIN[2]]
        assert "CREATE INDEX ix_note_title" in succeeded(project.invoke("db.migrate", "--sql")).out
        assert document(project, "db.migrate")["current"] == [PLAIN[2]]
        assert document(project, "db.check") == {"differences": []}

    def test_commits_each_revision(self, project: Project, database: DatabaseURL) -> None:
        write_revision(project, "aaaa", upgrade='op.execute("SELECT * FROM nowhere")')
        found = error(project, "db.init")
        assert found["message"] == (
            'revision aaaa (a change) could not be applied: relation "nowhere" does not exist'
        )
        assert found["details"][-1] == f"the database is at: {PLAIN[2]}; 1 of 4 left"
        assert version(database) == [PLAIN[2]]

    def test_without_a_server_the_alembic_command_says_so(self, copy_project: CopyProject) -> None:
        project = copy_project("plain", DatabaseURL(host="127.0.0.1", port=1, database="x"))
        write_env(project, "from dbtasks import run_migrations\nrun_migrations([])\n")
        replace(
            project.root / "alembic.ini", "sqlalchemy.url = postgresql+psycopg://localhost/app", ""
        )
        done = project.run(sys.executable, "-m", "alembic", "upgrade", "head")
        assert done.code != 0
        assert "FAILED: no PostgreSQL server answers at 127.0.0.1:1" in done.out + done.err
        assert "Traceback" not in done.err
