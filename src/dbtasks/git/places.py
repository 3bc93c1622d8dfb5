"""Where git has the file of a revision: a branch, or the commit that last had it."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from dbtasks.git.process import run_git

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from dbtasks.git import Repository


@dataclass(frozen=True, kw_only=True)
class Place:
    """Where git has a file: a branch or a commit, and the path in the repository."""

    commit: str
    name: str
    path: str

    def __str__(self) -> str:
        return f"{self.name} has it in {self.path}"

    @property
    def remedy(self) -> str:
        """The command that fetches the file into the working tree."""
        return f"git restore --source={self.commit} -- {self.path!r} fetches it"


def place_of(repository: Repository, revision: str, commits: Sequence[str] = ()) -> Place | None:
    """Return a branch whose files define a revision; else the commit that last had one.

    Args:
        repository: the repository of the project.
        revision: the revision id.
        commits: look nowhere but in these commits.
    """
    name = r"^revision[[:space:]]*(:[^=]*)?=[[:space:]]*"
    pattern = rf"{name}[\"']{_escaped(revision)}[\"']"
    tips = {one: one for one in commits} or _tips(repository.root)
    shown = b""
    if tips:
        options = ("grep", "-l", "-z", "--full-name", "-I", "-E", "-e", pattern)
        shown = run_git(repository.root, *options, *tips, "--", "*.py", ok=(0, 1))
    if shown:
        commit, _, path = os.fsdecode(shown.split(b"\0")[0]).partition(":")
        return Place(commit=tips[commit], name=tips[commit], path=path)
    return None if commits else _past(repository.root, pattern)


def _tips(root: Path) -> dict[str, str]:
    """Return the newest commit of every branch, and the branch's short name."""
    options = ("--sort=-committerdate", "--count=200", "--format=%(objectname)%00%(refname)")
    lines = run_git(root, "for-each-ref", *options, "refs/heads", "refs/remotes").split(b"\n")
    found: dict[str, str] = {}
    for line in lines:
        commit, _, name = os.fsdecode(line).partition("\0")
        short = re.sub(r"^refs/(heads|remotes)/", "", name)
        if commit and not short.endswith("/HEAD"):
            found.setdefault(commit, short)
    return found


def _past(root: Path, pattern: str) -> Place | None:
    """Return the newest commit that added a line, even where no branch has it any more."""
    # The reflog has the commits of a branch that was deleted here.
    options = (
        "--all",
        "--reflog",
        "--diff-filter=AM",
        "--no-renames",
        "--no-show-signature",
        "-1",
    )
    search = ("-z", "--name-only", "--format=%h", f"-G{pattern}", "--", "*.py")
    shown = run_git(root, "log", *options, *search)
    commit, _, paths = shown.partition(b"\0")
    path = os.fsdecode(paths.lstrip(b"\n").split(b"\0")[0])
    short = commit.decode()
    return Place(commit=short, name=f"commit {short}", path=path) if path else None


def _escaped(text: str) -> str:
    return re.sub(r"([][\\.^$*+?(){}|\"'])", r"\\\1", text)
