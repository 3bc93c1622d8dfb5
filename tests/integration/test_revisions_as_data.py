"""Revision files and git objects are read as source; Alembic alone runs them, where it has to."""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING

import dbtasks

if TYPE_CHECKING:
    from conftest import CopyProject
    from consumers import Project
    from dbtasks.url import DatabaseURL

# Each file leaves a mark when it is run.
MARKING = """
import os
with open(os.environ["MARK"], "a") as _file:
    print(__name__, file=_file)
"""
# What Alembic is asked for nothing of, and so runs no file of the project's migrations.
READING = (
    "db.start", "db.wait", "db.status", "db.config", "db.url", "db.psql --command=SELECT+1",
    "db.history", "db.history --mermaid", "db.history --svg=x.svg", "db.heads", "db.heads --base=main",
    "db.current", "db.migrate", "db.scaffold", "start", "db.logs",
)  # fmt: skip
# What has to run revisions, to find out what they do, or to write one with Alembic.
RUNNING = (
    "db.migrate --plan", "db.migrate --sql", "db.plan", "db.check", "db.rollback", "db.redo", "db.stamp",
    "db.rollback-all", "db.revision", "db.merge-heads", "db.rebase", "db.init", "init", "db.recreate",
)  # fmt: skip
# Refused on the external server of this test before any file is read, or played by itself.
ELSEWHERE = ("db.stop", "db.destroy", "db.upgrade-server", "db.doctor")


def marks(project: Project, line: str) -> tuple[int, str]:
    mark = project.root.parent / "mark"
    mark.unlink(missing_ok=True)
    words = [word.replace("+", " ") for word in line.split()]
    done = project.invoke(*words, MARK=str(mark))
    return done.code, mark.read_text() if mark.exists() else ""


def git(project: Project, *arguments: str) -> None:
    argv = ["git", "-c", "user.name=x", "-c", "user.email=x@x", "-C", str(project.root), *arguments]
    subprocess.run(argv, check=True, capture_output=True)


def test_every_task_reads_or_runs() -> None:
    tasks = {f"db.{name}" for name in dbtasks.collection().tasks} | {"init", "start"}
    known = {line.split()[0] for line in (*READING, *RUNNING, *ELSEWHERE)}
    assert tasks - known == set()


def test_reading_tasks_run_no_revision(copy_project: CopyProject, database: DatabaseURL) -> None:
    project = copy_project("plain", database)
    git(project, "init", "--quiet", "--initial-branch=main")
    git(project, "add", ".")
    git(project, "commit", "--quiet", "--message=all")
    assert project.invoke("db.init").code == 0
    versions = project.root / "migrations" / "versions"
    for path in versions.glob("*.py"):
        path.write_text(path.read_text() + MARKING)
    # The base branch has the marking files, too: they are read from git's objects.
    git(project, "commit", "--quiet", "--all", "--message=marking")
    git(project, "checkout", "--quiet", "-b", "branch")
    codes = {line: marks(project, line) for line in READING}
    assert codes == {line: (3 if line == "db.logs" else 0, "") for line in READING}
    code, seen = marks(project, "db.doctor")
    assert (code, seen) == (0, "")
    code, seen = marks(project, "db.migrate --plan")
    assert code == 0
    assert sorted(seen.split()) == sorted(f"{path.stem}_py" for path in versions.glob("*.py"))


def test_a_file_that_cannot_be_read_as_data_is_told_to_be_run(
    copy_project: CopyProject, database: DatabaseURL
) -> None:
    project = copy_project("plain", database)
    path = next((project.root / "migrations" / "versions").glob("ed77*.py"))
    text = path.read_text().replace(
        'revision = "ed7760b0e974"', 'revision = "ed77" + "60b0e974".lower()'
    )
    assert text != path.read_text()
    path.write_text(text + MARKING)
    mark = project.root.parent / "mark"
    done = project.invoke("db.heads", MARK=str(mark))
    assert done.code == 0, done
    assert "Alembic was asked what these compute: " in done.err
    assert mark.exists()
