"""What the revision files, and env.py beside them, have wrong."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from dbtasks.doctor.finding import Finding
from dbtasks.drift.findings import LONGEST_REVISION_ID
from dbtasks.errors import DbtasksError, MigrationError
from dbtasks.git import whereabouts
from dbtasks.revisions import read_history
from dbtasks.revisions.errors import ONE_HEAD

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dbtasks.revisions import History
    from dbtasks.revisions.history import MissingParent
    from dbtasks.settings import Settings


@dataclass(frozen=True)
class Files:
    """The revision files of a project, read once."""

    settings: Settings

    @cached_property
    def _read(self) -> History | DbtasksError:
        try:
            return read_history(self.settings, check=False)
        except DbtasksError as error:
            return error

    @property
    def history(self) -> History | None:
        """The history, sound or not; None if a file of it cannot be read."""
        return None if isinstance(self._read, DbtasksError) else self._read

    @property
    def is_sound(self) -> bool:
        """Whether the files make up one history."""
        if self.history is None:
            return False
        try:
            self.history.check()
        except MigrationError:
            return False
        return True

    def findings(self) -> Iterator[Finding]:
        """Yield what is wrong with the files.

        Raises:
            DbtasksError: the project has no Alembic configuration.
        """
        if isinstance(self._read, DbtasksError):
            if not isinstance(self._read, MigrationError):
                raise self._read
            yield Finding.of(self._read)
            return
        yield from judge(self._read, str(self.settings.root))
        for missing in self._read.missing_parents:
            yield self._missing(missing)

    def _missing(self, missing: MissingParent) -> Finding:
        verb = "follows" if missing.variable == "down_revision" else "depends on"
        try:
            place = whereabouts.place_of(self.settings, missing.parent)
        except DbtasksError:  # no git: nobody to ask
            place = None
        return Finding(
            code="missing-parent",
            message=f"revision {missing.revision} {verb} {missing.parent}, which no revision file has",
            remedy=place.remedy
            if place
            else f"fetch the missing file from version control, or correct {missing.variable} in {missing.path}",
            details=(f"file: {missing.path}", *([str(place)] if place else [])),
        )


def judge(history: History, root: str) -> Iterator[Finding]:
    """Yield what is wrong with a history, but for parents that are missing."""
    for revision, paths in history.duplicates.items():
        yield Finding(
            code="duplicate-revision",
            message=f"revision {revision} is in {len(paths)} files",
            remedy=f"delete the copy (git rm {_short(paths[-1], root)}), or give it an id of its own",
            details=tuple(f"file: {path}" for path in sorted(paths)),
        )
    for label, paths in history.duplicate_labels.items():
        yield Finding(
            code="duplicate-label",
            message=f"the branch label {label} is given twice, or is the id of a revision",
            remedy="rename it in branch_labels of one file",
            details=tuple(f"file: {path}" for path in paths),
        )
    for cycle in history.cycles:
        yield Finding(
            code="cycle",
            message=f"the history runs in a circle: {', '.join(cycle)}",
            remedy="correct down_revision or depends_on in one of their files",
            details=tuple(f"file: {history.revisions[name].path}" for name in cycle),
        )
    for one in history.files:
        if len(one.revision) > LONGEST_REVISION_ID:
            yield Finding(
                code="long-revision-id",
                message=f"revision {one.revision} has an id of {len(one.revision)} characters,"
                f" and the version table takes {LONGEST_REVISION_ID}",
                remedy="shorten it in its file, and in down_revision of what follows it",
                details=(f"file: {one.path}",),
            )
    heads = history.effective_heads
    if len(heads) > 1:
        yield Finding(
            code="several-heads",
            message=f"the history has {len(heads)} heads: {', '.join(heads)}",
            remedy=ONE_HEAD,
        )


def _short(path: str, root: str) -> str:
    file = Path(path)
    return str(file.relative_to(root)) if file.is_relative_to(root) else path
