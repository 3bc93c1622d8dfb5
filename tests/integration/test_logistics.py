"""A grown history: 117 revisions of two schemas, up, down and up again on an async engine."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

from consumers import PROJECTS
from histories import document, relations, revisions, rows

if TYPE_CHECKING:
    from pathlib import Path

    from conftest import CopyProject
    from dbtasks.url import DatabaseURL

VERSIONS = PROJECTS / "logistics" / "migrations" / "versions"
LEFT = """
    SELECT typname FROM pg_type WHERE typnamespace IN ('shipping'::regnamespace, 'billing'::regnamespace)
    UNION ALL
    SELECT proname FROM pg_proc WHERE pronamespace IN ('shipping'::regnamespace, 'billing'::regnamespace)
    UNION ALL
    SELECT extname FROM pg_extension WHERE extname IN ('pg_trgm', 'hstore')
"""


def test_the_history_goes_up_down_and_up_again(
    copy_project: CopyProject, database: DatabaseURL
) -> None:
    project = copy_project("logistics", database, DBTASKS_SETUP_SQL="setup.sql")
    first = document(project, "db.init")
    assert (len(first["applied"]), first["pending"]) == (len(list(VERSIONS.glob("*.py"))), 0)
    at_head = relations(database)
    assert document(project, "db.check") == {"differences": []}

    undone = document(project, *project.named("db.rollback-all", "--yes"))
    assert sorted(revisions(undone)) == sorted(revisions(first))
    assert relations(database) == {"ops.alembic_version", "ops.alembic_version_pkc"}
    assert rows(database, LEFT) == []

    assert revisions(document(project, "db.migrate")) == revisions(first)
    assert relations(database) == at_head


def test_the_revisions_are_what_their_script_writes(tmp_path: Path) -> None:
    script = PROJECTS / "logistics_history.py"
    environ = {"PATH": f"{sys.prefix}/bin"}
    subprocess.run([sys.executable, script, tmp_path], check=True, env=environ)
    written = {path.name: path.read_text() for path in tmp_path.glob("*.py")}
    assert written == {path.name: path.read_text() for path in VERSIONS.glob("*.py")}
