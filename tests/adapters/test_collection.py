"""The Invoke collection: what it lists, what it takes, and what it costs to import."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest
from invoke.collection import Collection
from invoke.parser.parser import Parser

import dbtasks
from consumers import Project, clean_environ

if TYPE_CHECKING:
    from pathlib import Path

CONTRACT = {
    "start": (), "stop": (), "status": (), "wait": (), "logs": (), "psql": (), "url": (), "config": (),
    "doctor": (),
    "init": (), "recreate": ("volume-recreate",), "destroy": (), "migrate": ("upgrade",),
    "rollback": ("migrate-down",), "rollback-all": ("migrate-down-all",), "redo": (), "stamp": (),
    "revision": ("migrate-create",), "history": ("migrate-history",), "heads": ("migrate-heads",),
    "current": ("migrate-current",), "merge-heads": ("migrate-merge-heads",),
    "check": ("check-migrations",), "scaffold": (), "rebase": (), "plan": (), "upgrade-server": (),
}  # fmt: skip


@pytest.fixture
def project(tmp_path: Path) -> Project:
    """A project whose tasks.py has two databases and a task of its own."""
    (tmp_path / "tasks.py").write_text(
        "from invoke import Collection, task\n"
        "import dbtasks\n"
        "@task\n"
        "def lint(c):\n"
        "    print('linted')\n"
        "ns = Collection(lint, dbtasks.init, db=dbtasks.collection(),"
        " analytics=dbtasks.collection('analytics', database='analytics'))\n",
        encoding="utf-8",
    )
    return Project(tmp_path, clean_environ())


def test_the_collection_is_the_command_contract() -> None:
    assert {
        name: tuple(aliases) for name, aliases in dbtasks.collection().task_names.items()
    } == CONTRACT


@pytest.mark.parametrize("task", sorted(CONTRACT))
def test_every_task_says_what_it_does_and_what_its_flags_mean(task: str) -> None:
    found = dbtasks.collection()[task]
    assert found.__doc__
    assert found.__doc__.strip().endswith(".")
    for argument in found.get_arguments():
        assert argument.help, argument


def parse(*argv: str) -> list[tuple[str | None, dict[str, object]]]:
    ns = Collection(db=dbtasks.collection(), analytics=dbtasks.collection("analytics"))
    result = Parser(contexts=ns.to_contexts()).parse_argv(list(argv))
    return [(context.name, context.as_kwargs) for context in result]


@pytest.mark.parametrize(
    ("argv", "calls"),
    [
        (["db.migrate"], [("db.migrate", "")]),
        (["db.migrate", "head"], [("db.migrate", "head")]),
        (["db.migrate", "--plan", "+1"], [("db.migrate", "+1")]),
        (["db.migrate", "db.rollback"], [("db.migrate", ""), ("db.rollback", None)]),
        (["db.migrate", "abc", "analytics.migrate", "def"], [("db.migrate", "abc"), ("analytics.migrate", "def")]),
        (["db.migrate", "analytics.upgrade"], [("db.migrate", ""), ("analytics.migrate", "")]),
        (["db.migrate", "--revision", "x"], [("db.migrate", "x")]),
    ],
)  # fmt: skip
def test_a_revision_may_be_given_by_position_or_left_out(
    argv: list[str], calls: list[tuple[str, str | None]]
) -> None:
    assert [(name, kwargs.get("revision")) for name, kwargs in parse(*argv)] == calls


def test_two_positionals_are_one_too_many(project: Project) -> None:
    done = project.invoke("db.migrate", "one", "two")
    assert (done.code, done.out) == (1, "")
    assert done.err == "No idea what 'two' is!\n"


def test_each_collection_runs_its_own_database(project: Project) -> None:
    done = project.invoke("db.config", "--json", "analytics.config", "--json")
    first, second = done.out.replace("}\n{", "}\n\0{").split("\0")
    assert json.loads(first)["database"]["value"] != json.loads(second)["database"]["value"]


def test_the_same_task_twice_runs_twice(project: Project) -> None:
    done = project.invoke("db.config", "--json", "lint", "db.config", "--json")
    assert done.code == 0
    assert done.out.count('"server": {') == 2
    assert "linted" in done.out


def test_invoke_configuration_and_environment_reach_the_settings(project: Project) -> None:
    (project.root / "invoke.yaml").write_text(
        "db:\n  port: 6001\n  postgres: 15\n", encoding="utf-8"
    )
    done = project.invoke("db.config", "--json", INVOKE_DB_POSTGRES="16", DBTASKS_USER="me")
    config = json.loads(done.out)
    assert config["port"] == {"value": 6001, "from": "Invoke's configuration (db)"}
    assert config["postgres"] == {"value": 16, "from": "Invoke's configuration (db)"}
    assert config["user"] == {"value": "me", "from": "DBTASKS_USER"}


def test_an_unknown_key_of_invoke_is_one_line_and_exit_2(project: Project) -> None:
    (project.root / "invoke.yaml").write_text("db:\n  prot: 6001\n", encoding="utf-8")
    done = project.invoke("db.status")
    assert (done.code, done.out) == (2, "")
    assert done.err == (
        "error: unknown setting prot in Invoke's configuration (db)\nremedy: did you mean port?\n"
    )


def test_an_error_as_json_is_one_document_on_stdout(project: Project) -> None:
    done = project.invoke("db.status", "--json", DATABASE_URL="mysql://u:canary@h/d")
    assert (done.code, done.err) == (2, "")
    assert json.loads(done.out) == {
        "error": {
            "code": "url",
            "message": "url from DATABASE_URL: the database URL is for mysql, and dbtasks works with PostgreSQL only",
            "remedy": "write it as postgresql://USER:PASSWORD@HOST:5432/DATABASE, special characters as %XX",
        }
    }


@pytest.mark.parametrize(
    ("argv", "message"),
    [
        (["db.rollback", "--steps", "x"], "--steps x is no whole number"),
        (["db.logs", "--tail", "x"], "--tail x is no whole number"),
        (["db.wait", "--timeout", "x"], "--timeout x is no whole number"),
        (["db.revision"], "a revision needs a message"),
        (["db.stamp"], "a stamp needs a revision"),
        (["db.migrate", "--plan", "--sql"], "--plan and --sql do not go together"),
        (["db.rollback", "--steps", "2", "--to", "x"], "--steps and --to do not go together"),
        (["db.scaffold", "--models", "shop"], "--models shop is not MODULE:NAME"),
    ],
)
def test_bad_usage_is_one_line_and_exit_2(project: Project, argv: list[str], message: str) -> None:
    (project.root / "alembic.ini").write_text(
        "[alembic]\nscript_location = migrations\n", encoding="utf-8"
    )
    done = project.invoke(*argv)
    assert (done.code, done.out) == (2, "")
    assert done.err.splitlines()[0] == f"error: {message}"
    assert done.err.splitlines()[1].startswith("remedy: ")


HEAVY = (
    "alembic",
    "psycopg",
    "pydantic",
    "pytest",
    "python_on_whales",
    "rich",
    "sqlalchemy",
    "nox",
)


@pytest.mark.parametrize(
    "module", ["dbtasks", "dbtasks.tasks", "dbtasks.settings", "dbtasks.servers"]
)
def test_importing_is_light(module: str) -> None:
    program = f"import sys, {module}; print(*(m for m in {HEAVY} if m in sys.modules))"
    done = subprocess.run(
        [sys.executable, "-c", program],
        capture_output=True,
        text=True,
        check=True,
        env=clean_environ(),
    )
    assert done.stdout.strip() == ""


def test_imports_point_downwards() -> None:
    done = subprocess.run(
        [sys.executable, "-c", "from importlinter.cli import lint_imports_command; lint_imports_command()"],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout
