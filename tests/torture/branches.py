"""The project of `torture.project` as two branches of a git repository, one of which is to be moved."""

from __future__ import annotations

import contextlib
import subprocess
from typing import TYPE_CHECKING

from histories import PLAIN, replace

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from consumers import Project

OURS = ("ours", "ours2")
THEIRS = "theirs"


def commit_both(project: Project, write_table: Callable[[Project, str, str], object]) -> None:
    """Commit `theirs` on main, `ours` and `ours2` on a branch from before."""
    git(project, "init", "-q", "-b", "main")
    (project.root / ".gitignore").write_text(".dbtasks/\n__pycache__/\n", encoding="utf-8")
    write_table(project, THEIRS, PLAIN[-1])
    git(project, "add", "-A")
    git(project, "commit", "-q", "-m", "theirs")
    git(project, "checkout", "-q", "-b", "feature")
    write_table(project, OURS[0], PLAIN[-1])
    write_table(project, OURS[1], OURS[0])
    git(project, "add", "-A")
    git(project, "commit", "-q", "-m", "ours")


def reset(project: Project) -> None:
    """Put the files back as they were committed."""
    git(project, "checkout", "-q", "--", ".")


def changed(project: Project) -> list[str]:
    """Return what differs from the commit, new files included."""
    return git(project, "status", "--porcelain").splitlines()


@contextlib.contextmanager
def moved(project: Project) -> Iterator[None]:
    """Let `ours` follow `theirs` meanwhile."""
    path = project.root / "migrations" / "versions" / f"{OURS[0]}.py"
    replace(path, f"down_revision = '{PLAIN[-1]}'", f"down_revision = '{THEIRS}'")
    try:
        yield
    finally:
        reset(project)


def git(project: Project, *arguments: str) -> str:
    """Run git in the project, without the settings of whoever tests."""
    done = subprocess.run(
        ["git", "-c", "user.name=A", "-c", "user.email=a@example.org", *arguments],
        cwd=project.root,
        env={**project.environ, "GIT_CONFIG_GLOBAL": "/dev/null"},
        check=True,
        timeout=60,
        capture_output=True,
        text=True,
    )
    return done.stdout
