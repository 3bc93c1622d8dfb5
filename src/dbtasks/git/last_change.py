"""Who changed a file last, as git knows it."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING

from dbtasks.errors import MigrationError
from dbtasks.git.process import run_git

if TYPE_CHECKING:
    from pathlib import Path


@dataclass(frozen=True, kw_only=True)
class LastChange:
    """Who changed a file last, and when (ISO 8601)."""

    author: str
    date: str


def last_change(folder: Path, path: Path, *commits: str) -> LastChange | None:
    """Return who changed a file last; None when git does not know, as for a new file.

    Looks in the past of what is checked out, and of further `commits`, where the file may be alone.
    One process tells, because `db.heads` asks this each time. In a shallow clone the commit where it
    was cut off seems to have added every file; it tells nothing.

    Raises:
        MigrationError: `folder` is in no repository, or there is no git.
    """
    options = ("-1", "--no-show-signature", "--format=%an%x00%aI%x00%P")
    try:
        shown = run_git(folder, "log", *options, "HEAD", *commits, "--", os.path.realpath(path))
    except MigrationError as error:
        if error.code != "git":
            raise
        return None  # no commit yet, or a file outside of the repository
    author, _, rest = shown.decode(errors="replace").strip().partition("\0")
    date, _, parents = rest.partition("\0")
    if not date or (not parents and _is_shallow(folder)):
        return None
    return LastChange(author=author, date=date)


def _is_shallow(folder: Path) -> bool:
    return run_git(folder, "rev-parse", "--is-shallow-repository").strip() == b"true"
