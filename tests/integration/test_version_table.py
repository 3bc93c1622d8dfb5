"""Which table holds the applied revisions: remembered while nothing that decides it has changed."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import pytest

from dbtasks import maintenance, version_table
from dbtasks.database import Database
from dbtasks.settings import Settings, load_settings
from dbtasks.version_table import VersionTable
from histories import PLAIN, replace

if TYPE_CHECKING:
    from conftest import CopyProject
    from consumers import Project
    from dbtasks.url import DatabaseURL


def settings_of(project: Project, url: DatabaseURL) -> Settings:
    return load_settings(root=project.root, environ={}, flags={"url": url})


@pytest.fixture
def project(copy_project: CopyProject, database: DatabaseURL) -> Project:
    """A project whose database is at head; env.py has run."""
    project = copy_project("plain")
    maintenance.create(database)
    Database(settings_of(project, database)).migrate()
    return project


def test_env_py_runs_once_and_is_remembered(project: Project, database: DatabaseURL) -> None:
    settings = settings_of(project, database)
    assert version_table.recall(settings) == VersionTable()
    assert Database(settings).records.standing(database).current == (PLAIN[2],)


@pytest.mark.parametrize("file", ["migrations/env.py", "alembic.ini", "app/models.py"])
def test_a_change_of_what_decides_is_noticed(
    project: Project, database: DatabaseURL, file: str
) -> None:
    path = project.root / file
    path.write_text(path.read_text(encoding="utf-8") + "\n", encoding="utf-8")
    assert version_table.recall(settings_of(project, database)) is None


@pytest.mark.parametrize(
    "damage", ["", "{", "[]", '{"format": 1}', '{"format": 1, "files": {"/nowhere": []}}', "null"]
)
def test_a_damaged_memory_is_not_believed(
    project: Project, database: DatabaseURL, damage: str
) -> None:
    (project.root / ".dbtasks" / "db.version-table.json").write_text(damage, encoding="utf-8")
    settings = settings_of(project, database)
    assert version_table.recall(settings) is None
    assert Database(settings).records.standing(database).current == (PLAIN[2],)


@pytest.mark.parametrize(
    ("option", "told"),
    [
        ('version_table="versions"', VersionTable(table="versions")),
        ('version_table_schema="public"', VersionTable(schema="public")),
        ("version_table_schema=str('public')", None),
        ('version_table=os.environ.get("NOWHERE", "versions")', None),
        ("# search_path", None),
    ],
)
def test_only_what_the_text_shows_is_remembered(
    project: Project, database: DatabaseURL, option: str, told: VersionTable | None
) -> None:
    env = project.root / "migrations" / "env.py"
    replace(
        env,
        "connection=connection, target_metadata=target_metadata",
        f"connection=connection, target_metadata=target_metadata,\n            {option}\n",
    )
    env.write_text("import os\n" + env.read_text(encoding="utf-8"), encoding="utf-8")
    settings = settings_of(project, database)
    Database(settings).files()
    Database(settings).migrator().standing()
    assert version_table.recall(settings) == told


def test_an_idle_migrate_imports_no_alembic(project: Project, database: DatabaseURL) -> None:
    program = """
import sys
from pathlib import Path
from dbtasks.database import Database
from dbtasks.settings import load_settings
from dbtasks.url import DatabaseURL
settings = load_settings(root=Path.cwd(), environ={}, flags={"url": sys.argv[1]})
database = Database(settings)
assert database.migrate().applied == ()
assert database.records.heads()[0].is_head
assert database.status().pending == 0
print(*(name for name in ("alembic", "sqlalchemy") if name in sys.modules))
"""
    done = project.run(sys.executable, "-c", program, database.libpq())
    assert (done.code, done.out) == (0, "\n"), done
