"""Consumer projects: copies of tests/projects with a tasks.py, run as their users would."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import warm
from dbtasks.url import DatabaseURL

PROJECTS = Path(__file__).parent / "projects"
UNDOING = frozenset({"db.rollback", "db.rollback-all", "db.redo", "db.stamp"})
TASKS = """\
from invoke import Collection
import dbtasks
ns = Collection(dbtasks.init, dbtasks.start, db=dbtasks.collection())
"""


def clean_environ() -> dict[str, str]:
    """Return the environment without what would lead dbtasks or libpq anywhere."""
    return {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("DBTASKS_", "INVOKE_", "PG"))
        and name not in {"DATABASE_URL", "MIGRATE_MSG"}
    }


@dataclass(frozen=True)
class Done:
    """What a command did."""

    code: int
    out: str
    err: str

    def __str__(self) -> str:
        return f"exit {self.code}\n--- stdout\n{self.out}\n--- stderr\n{self.err}"


@dataclass(frozen=True)
class Project:
    """A copy of a consumer project, with tasks.py and an environment of its own."""

    root: Path
    environ: dict[str, str]
    cold: bool = False
    """Whether each command begins with an interpreter that has imported nothing."""

    def invoke(self, *arguments: str, timeout: float = 120, **environ: str) -> Done:
        """Run `invoke ARGUMENTS` in the project, as a user would."""
        return self.module("invoke", *arguments, timeout=timeout, **environ)

    def module(self, name: str, *arguments: str, timeout: float = 120, **environ: str) -> Done:
        """Run `python -m NAME ARGUMENTS` in the project."""
        variables = {**self.environ, **environ}
        if not self.cold and warm.can_run(variables):
            cwd = str(self.root)
            return Done(*warm.run(name, arguments, cwd=cwd, environ=variables, timeout=timeout))
        return self.run(sys.executable, "-m", name, *arguments, timeout=timeout, **environ)

    def named(self, *task: str) -> tuple[str, ...]:
        """Return a task; one that loses something with the name that an external server asks for."""
        if "DATABASE_URL" not in self.environ or task[0] not in UNDOING:
            return task
        return (*task, "--yes-destroy", DatabaseURL.parse(self.environ["DATABASE_URL"]).database)

    def run(self, *argv: str, timeout: float = 120, **environ: str) -> Done:
        done = subprocess.run(
            argv,
            cwd=self.root,
            env={**self.environ, **environ},
            capture_output=True,
            text=True,
            timeout=timeout,
            stdin=subprocess.DEVNULL,
            check=False,
        )
        return Done(done.returncode, done.stdout, done.stderr)


def copy_of(name: str, folder: Path, url: DatabaseURL | None = None, **environ: str) -> Project:
    """Copy one of tests/projects into a folder with a space in its name, and give it a tasks.py."""
    root = folder / f"a {name}"
    shutil.copytree(PROJECTS / name, root)
    (root / "tasks.py").write_text(TASKS, encoding="utf-8")
    given = {}
    if url is not None:
        throwaway = url.with_database("postgres")
        given = {"DATABASE_URL": url.libpq(), "DBTASKS_THROWAWAY_URL": throwaway.libpq()}
    return Project(root, {**clean_environ(), **given, **environ})
