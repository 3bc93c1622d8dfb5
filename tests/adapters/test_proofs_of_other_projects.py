"""Projects that do it their own way: what is right in them passes, and what is missing is said."""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING

import pytest

from histories import ENV, PLAIN, write_revision
from proving import prove

if TYPE_CHECKING:
    from pathlib import Path

    from conftest import CopyProject
    from consumers import Project
    from dbtasks.url import DatabaseURL

NOT_MODELS = ("-k", "not models")


@pytest.fixture
def project(copy_project: CopyProject, database: DatabaseURL) -> Project:
    return copy_project("plain", database)


def with_env(project: Project, text: str) -> Project:
    (project.root / "migrations" / "env.py").write_text(text)
    return project


def git(folder: Path, *arguments: str) -> None:
    identity = ("-c", "user.name=a", "-c", "user.email=a@example.org")
    subprocess.run(["git", *identity, *arguments], cwd=folder, check=True)


def test_one_transaction_around_everything_hides_no_version_table(project: Project) -> None:
    with_env(project, ENV.replace("engine.connect()", "engine.begin()"))
    assert prove(project, *NOT_MODELS).failed == {}


def test_a_schema_that_env_py_makes_is_not_left_over(project: Project) -> None:
    made = "    connection.exec_driver_sql('CREATE SCHEMA IF NOT EXISTS app')\n    connection.commit()\n"
    with_env(project, ENV.replace("    context.configure(", f"{made}    context.configure("))
    assert prove(project, *NOT_MODELS).failed == {}


def test_an_env_py_that_does_not_commit_is_told_by_each_proof(project: Project) -> None:
    begun = "    connection.exec_driver_sql('SELECT 1')\n"
    with_env(project, ENV.replace("    context.configure(", f"{begun}    context.configure("))
    proven = prove(project, *NOT_MODELS)
    assert {proof for proof, _ in proven.failed} == {"upgrade", "stairway", "rows", "plain-owner"}
    assert set(proven.failed.values()) == {"not-committed"}
    assert "Traceback" not in proven.done.out


def test_names_of_tests_and_warnings_as_errors_do_not_matter(project: Project) -> None:
    """Without NullPool, connections of env.py's engine stay open, which pytest would tell of."""
    with_env(project, ENV.replace(", poolclass=sa.NullPool", ""))
    (project.root / "pytest.ini").write_text(
        "[pytest]\npython_files = check_*.py\npython_functions = check_*\nfilterwarnings = error\n"
    )
    proven = prove(project, *NOT_MODELS)
    assert proven.failed == {}
    assert ("upgrade", None) in proven.by("passed")
    assert proven.done.code == 0, proven.done


def test_the_plain_owner_gets_partitioned_tables_of_setup_sql(project: Project) -> None:
    setup = (
        "CREATE TABLE log (id int) PARTITION BY RANGE (id);"
        "CREATE TABLE log_1 PARTITION OF log FOR VALUES FROM (0) TO (10);"
    )
    write_revision(
        project,
        "wider",
        upgrade='op.execute("ALTER TABLE log ADD n int")',
        downgrade='op.execute("ALTER TABLE log DROP n")',
    )
    proven = prove(project, "-k", "owner", DBTASKS_SETUP_SQL=setup)
    assert proven.failed == {}, proven.done


def test_a_role_that_setup_sql_makes_twice_is_explained(project: Project) -> None:
    setup = "DO $$ BEGIN CREATE ROLE setup_reader; EXCEPTION WHEN duplicate_object THEN NULL; END $$; CREATE ROLE setup_reader"
    proven = prove(project, "-k", "owner", DBTASKS_SETUP_SQL=setup)
    found = proven.by("failed")["plain-owner", None]
    assert found["code"] == "setup-sql"
    assert found["message"].endswith('role "setup_reader" already exists')
    assert found["remedy"].startswith("a server's databases share its roles: write DO $$ BEGIN")


@pytest.mark.parametrize("folder", [".", "backend"])
def test_a_base_branch_without_migrations_proves_nothing(project: Project, folder: str) -> None:
    top = project.root if folder == "." else project.root.parent
    git(top, "init", "-qb", "main")
    git(top, "commit", "-q", "--allow-empty", "-m", "before")
    git(top, "checkout", "-qb", "work")
    proven = prove(project, "-k", "base")
    found = proven.by("skipped")["base-branch", None]
    assert found["code"] == "not-here"
    assert found["message"].endswith("has no migrations of this project yet")


def test_links_to_elsewhere_are_left_out_of_the_base_branch(project: Project) -> None:
    (project.root / "absolute").symlink_to("/nowhere")
    (project.root / "outside").symlink_to("../../..")
    git(project.root, "init", "-qb", "main")
    git(project.root, "add", ".")
    git(project.root, "commit", "-qm", "a")
    proven = prove(project, "-k", "base")
    assert ("base-branch", None) in proven.by("passed"), proven.done


@pytest.mark.parametrize("each", [True, False], ids=["a transaction each", "one for all"])
def test_what_is_left_behind_a_stairway_is_told_as_it_is(project: Project, each: bool) -> None:
    with_env(project, ENV if each else ENV.replace("engine.connect()", "engine.begin()"))
    write_revision(project, "bad", upgrade='op.execute("SELECT 1 / 0")')
    found = prove(project, "-k", "stairway").by("failed")["stairway", "bad"]
    names = ", ".join(PLAIN)
    assert found["details"][2:] == (
        [f"applied before it: {names}", f"the database is at: {PLAIN[-1]}; 3 of 12 left"]
        if each
        else [
            f"rolled back with it: {names} (they shared one transaction)",
            "the database is at: base; 6 of 12 left",
        ]
    )
