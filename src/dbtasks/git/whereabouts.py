"""Where git has a revision that no file has, and how a database gets back from it."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING

from dbtasks.errors import DbtasksError, MigrationError
from dbtasks.git import Repository, find_repository, places
from dbtasks.git.base_branch import read_commit
from dbtasks.revisions import read_history

if TYPE_CHECKING:
    from pathlib import Path

    from dbtasks.git.places import Place
    from dbtasks.revisions.history import History
    from dbtasks.settings import Settings


@dataclass(frozen=True, kw_only=True)
class Whereabouts:
    """Which branch or commit has a revision, and what a database that is at it can go back to.

    `back_to` is the newest revision on the way to it that this checkout has too, `base` if there is
    none, empty if the commit's files do not tell. `files` are those that this checkout lacks.
    """

    revision: str
    place: Place
    switch: str
    files: tuple[str, ...]
    back_to: str

    def remedy(self, label: str) -> str:
        """Return the commands that bring the database back to what this checkout has."""
        if not self.back_to:
            return self.place.remedy
        undo = f"invoke {label}.rollback --to {self.back_to}"
        if self.switch:
            return f"{self.switch}, then {undo}, then git switch -"
        files = " ".join(f"{file!r}" for file in self.files)
        return (
            f"git restore --source={self.place.commit} -- {files}, then {undo},"
            " then remove the restored files again"
        )


def place_of(settings: Settings, revision: str) -> Place | None:
    """Return which branch or commit defines a revision, None if git knows none.

    Raises:
        DbtasksError: there is no git or no repository, or it took too long.
    """
    return places.place_of(find_repository(settings.root), revision)


def find(settings: Settings, history: History, revision: str) -> Whereabouts | None:
    """Find a revision that the files of `history` do not have, None if git knows none.

    Raises:
        DbtasksError: there is no git or no repository, or it took too long.
    """
    repository = find_repository(settings.root)
    place = places.place_of(repository, revision)
    if place is None:
        return None
    back_to = ""
    files: tuple[str, ...] = (place.path,)
    try:
        there = read_commit(repository, settings, history, place.commit)
        back_to, files = _way_back(repository, there, history, revision)
    except MigrationError:  # a file of that commit is broken, or has to be run
        pass
    return Whereabouts(
        revision=revision,
        place=place,
        switch=_switch(repository, place.commit),
        files=tuple(_from_here(repository, settings.root, file) for file in files),
        back_to=back_to,
    )


def explained(error: DbtasksError, settings: Settings) -> DbtasksError:
    """Return an error about a database at an unknown revision with what git knows of that one."""
    if not isinstance(error, MigrationError) or error.code != "unknown-current":
        return error
    try:
        found = find(settings, read_history(settings), error.revision or "")
    except DbtasksError:  # git has nothing to say
        return error
    if found is None:
        return error
    return MigrationError(
        error.message,
        remedy=found.remedy(settings.label),
        code=error.code,
        details=[*error.details, str(found.place)],
        revision=error.revision,
    )


def _way_back(
    repository: Repository, there: History, here: History, revision: str
) -> tuple[str, tuple[str, ...]]:
    """Return the newest revision before one that both histories have, and the files that only `there` has."""
    if revision not in there.revisions:
        return "", ()
    needed = there.ancestors(revision)
    shared = [one.revision for one in there.ordered() if one.revision in needed]
    back_to = next((one for one in shared if one in here.revisions), "base")
    missing = (there.revisions[one].path for one in needed if one not in here.revisions)
    root = str(repository.root)
    return back_to, tuple(sorted(os.path.relpath(path, root) for path in missing))


def _switch(repository: Repository, name: str) -> str:
    """Return the command that checks out a branch, empty if it is checked out or no branch."""
    if name == repository.branch():
        return ""
    if repository.commit(f"refs/heads/{name}"):
        return f"git switch {name}"
    if repository.commit(f"refs/remotes/{name}"):
        return f"git switch --detach {name}"
    return ""


def _from_here(repository: Repository, folder: Path, file: str) -> str:
    return os.path.relpath(repository.root / file, os.path.realpath(folder))
