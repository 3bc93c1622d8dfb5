"""The base branch's revisions, read from git, and what merging this branch into it would give."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from dbtasks.errors import MigrationError
from dbtasks.git import Repository, find_repository
from dbtasks.revisions.file import parse
from dbtasks.revisions.history import History
from dbtasks.revisions.locations import read_locations

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dbtasks.revisions.source import RevisionSource
    from dbtasks.settings import Settings

# As Alembic's `_only_source_rev_file`.
_FILE = re.compile(r"(?!\.\#|__init__).*\.py$")
_FIELDS = ("revision", "down_revision", "branch_labels", "depends_on")


@dataclass(frozen=True, kw_only=True)
class BaseBranch:
    """A branch that others are merged into, and the revisions that its files have."""

    name: str
    commit: str
    history: History
    repository: Repository


@dataclass(frozen=True, kw_only=True)
class MergedHeads:
    """What merging this branch into its base would give.

    `heads` are the effective heads of the merged history: those in `on_base` are on the base branch,
    those in `on_branch` on this one only. `ahead` are the revisions of the base branch that this one lacks,
    `conflicts` the files whose identifiers both sides changed (this branch's count).
    """

    base: str
    commit: str
    heads: tuple[RevisionSource, ...]
    on_base: tuple[str, ...]
    on_branch: tuple[str, ...]
    ahead: tuple[str, ...]
    conflicts: tuple[str, ...]

    @property
    def remedy(self) -> str:
        """What to run so that one head is left; empty if there is one."""
        if self.conflicts:
            return f"git merge {self.base}, and settle the conflict in {self.conflicts[0]}"
        if len(self.heads) < 2:
            return ""
        repair = (
            "invoke db.rebase re-parents this branch (or invoke db.merge-heads joins the heads)"
        )
        if len(self.on_base) > 1 and not self.on_branch:
            return f"{self.base} itself has several heads: invoke db.merge-heads on it"
        return f"git merge {self.base}, then {repair}" if self.ahead else repair

    def check(self) -> None:
        """Stop if merging would leave several heads, or a conflict about them.

        Raises:
            MigrationError: with code `several-heads` or `conflict`.
        """
        if not self.remedy:
            return
        names = ", ".join(one.revision for one in self.heads)
        several = f"would have {len(self.heads)} heads: {names}"
        what = several if len(self.heads) > 1 else "would conflict about a revision's parents"
        raise MigrationError(
            f"{self.base} with this branch merged {what}",
            remedy=self.remedy,
            code="several-heads" if len(self.heads) > 1 else "conflict",
            details=[
                *(f"on {self.base}: {name}" for name in self.on_base),
                *(f"on this branch: {name}" for name in self.on_branch),
                *(f"changed on both: {path}" for path in self.conflicts),
            ],
        )


def read_base(settings: Settings, history: History, name: str | None = None) -> BaseBranch:
    """Read the base branch, found out when it is not named; `history` is this branch's.

    Raises:
        UsageError: there is no such branch.
        MigrationError: there is no git or no repository, or a file of the base branch is broken.
    """
    repository = find_repository(settings.root)
    found, commit = repository.base(settings.base if name is None else name)
    files = _Files(repository, settings, history)
    return BaseBranch(
        name=found,
        commit=commit,
        history=History(files.of(commit, found)),
        repository=repository,
    )


def read_commit(
    repository: Repository, settings: Settings, history: History, commit: str
) -> History:
    """Return the history that the files of a branch or commit make up; `history` is the working tree's.

    Raises:
        MigrationError: a file of the commit is broken, or has to be run to be read.
    """
    return History(_Files(repository, settings, history).of(commit, commit))


def merged_heads(settings: Settings, history: History, name: str | None = None) -> MergedHeads:
    """Tell which heads the base branch would have after merging this branch, uncommitted files included.

    Raises:
        UsageError: there is no such branch.
        MigrationError: there is no git or no repository, the clone is shallow, a file of the base branch
            is broken, or the merged files would make up no sound history.
    """
    base = read_base(settings, history, name)
    repository = base.repository
    shared = repository.merge_base(repository.head(), base.commit)
    files = _Files(repository, settings, history)
    ancestor = History(files.of(shared, shared[:12]) if shared is not None else ())
    merged = merge(ancestor, base.history, history)
    result = History(merged.files)
    result.check()
    heads = result.effective_heads
    known = base.history.revisions
    return MergedHeads(
        base=base.name,
        commit=base.commit,
        heads=tuple(result.revisions[head] for head in heads),
        on_base=tuple(head for head in heads if head in known),
        on_branch=tuple(head for head in heads if head not in known),
        ahead=tuple(
            one for one in known if one not in history.revisions and one in result.revisions
        ),
        conflicts=merged.conflicts,
    )


class Merged(NamedTuple):
    """The files of a merge, and the paths of those that both sides changed differently."""

    files: tuple[RevisionSource, ...]
    conflicts: tuple[str, ...]


def merge(ancestor: History, base: History, branch: History) -> Merged:
    """Merge two histories as git would their files: each side's changes since the ancestor count."""
    files: list[RevisionSource] = []
    conflicts: list[str] = []
    for name in dict.fromkeys((*base.revisions, *branch.revisions)):
        old = ancestor.revisions.get(name)
        theirs, ours = base.revisions.get(name), branch.revisions.get(name)
        if theirs is not None and ours is not None:
            merged, conflict = _merged(old, theirs, ours)
            files += merged
            conflicts += [ours.path] * conflict
            continue
        kept = theirs or ours
        assert kept is not None
        if old is None:
            files.append(kept)
        elif not _same(old, kept):
            files.append(kept)
            conflicts.append(kept.path)
    return Merged(tuple(files), tuple(conflicts))


def _merged(
    old: RevisionSource | None, theirs: RevisionSource, ours: RevisionSource
) -> tuple[list[RevisionSource], bool]:
    if theirs.path != ours.path and (old is None or old.path not in {theirs.path, ours.path}):
        return [theirs, ours], False  # both files would be there
    if _same(theirs, ours):
        return [ours], False
    if old is None:
        return [ours], True
    changed: dict[str, object] = {}
    conflict = False
    for field in _FIELDS:
        before, there, here = (getattr(one, field) for one in (old, theirs, ours))
        changed[field] = there if here == before else here
        conflict = conflict or (before not in {there, here} and there != here)
    return [replace(ours, **changed)], conflict  # type: ignore[arg-type]


def _same(one: RevisionSource, other: RevisionSource) -> bool:
    return all(getattr(one, field) == getattr(other, field) for field in _FIELDS)


class _Files:
    """The revision files of commits, in the folders that the working tree's configuration names."""

    def __init__(self, repository: Repository, settings: Settings, history: History) -> None:
        self._repository = repository
        self._locations = read_locations(settings)
        self._here = {one.path: one for one in history.files}
        self._folders = {
            path
            for path in (repository.relative(Path(one)) for one in self._locations.folders)
            if path is not None
        }

    def of(self, commit: str, shown: str) -> Iterator[RevisionSource]:
        """Yield what the files of a commit say; `shown` names the commit in errors."""
        tree = self._repository.tree(commit, self._folders)
        files = {path: blob for path, blob in tree.items() if self._is_revision(path)}
        for path, content in self._repository.contents(files, commit).items():
            yield self._read(path, content, shown)
        yield from self._outside()

    def _read(self, path: str, content: bytes, shown: str) -> RevisionSource:
        here = str(self._repository.root / path)
        try:
            found = parse(content, here)
        except MigrationError as error:
            raise MigrationError(
                error.message.replace(here, f"{shown}:{path}"),
                remedy=f"mend the file on {shown}",
                code=error.code,
            ) from error
        if found is not None:
            return found
        known = self._here.get(here)
        if known is not None and _lines(Path(here).read_bytes()) == _lines(content):
            return known
        raise MigrationError(
            f"{shown}:{path} computes its identifiers, and only files that are checked out are run",
            remedy="write the identifiers of that file as plain strings",
            code="computed",
        )

    def _outside(self) -> Iterator[RevisionSource]:
        """Yield the files that git does not keep for this project: they are the same for each commit."""
        for path, one in self._here.items():
            if self._repository.relative(Path(path)) is None:
                yield one

    def _is_revision(self, path: str) -> bool:
        folder, _, name = path.rpartition("/")
        inside = self._locations.recursive or folder in self._folders
        return inside and _FILE.match(name) is not None


def _lines(content: bytes) -> list[bytes]:
    # git may have changed the line ends on the way into the working tree.
    return content.splitlines()
