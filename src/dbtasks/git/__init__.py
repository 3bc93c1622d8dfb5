"""What git knows of a project: branches, merge bases, and files of other commits; never a checkout."""

from __future__ import annotations

import os
import posixpath
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from dbtasks.errors import MigrationError, UsageError
from dbtasks.git.process import run_git

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

_BASES = ("origin/main", "origin/master", "main", "master")
_LINK = "120000"
_SUBMODULE = "160000"
_SHALLOW_REMEDY = "git fetch --unshallow (in GitHub Actions: fetch-depth: 0 of actions/checkout)"


class Blob(NamedTuple):
    """One file of a commit: git's mode and the id of its content."""

    mode: str
    id: str


@dataclass(frozen=True, kw_only=True)
class Repository:
    """The git repository whose working tree is below `root`, which is a real path."""

    root: Path

    def commit(self, name: str) -> str | None:
        """Return the id of the commit that a branch, tag or id names, None if nothing does."""
        if not name or name.startswith("-"):
            return None
        done = run_git(
            self.root, "rev-parse", "--verify", "--quiet", f"{name}^{{commit}}", ok=(0, 1, 128)
        )
        return done.decode().strip() or None

    def head(self) -> str:
        """Return the commit that is checked out, on a branch or not.

        Raises:
            MigrationError: the repository has no commit.
        """
        found = self.commit("HEAD")
        if found is None:
            raise MigrationError(
                f"the git repository {self.root} has no commit yet",
                remedy="commit, then run this again",
                code="no-commit",
            )
        return found

    def branch(self) -> str | None:
        """Return the branch that is checked out, None while HEAD is detached."""
        done = run_git(self.root, "symbolic-ref", "--quiet", "--short", "HEAD", ok=(0, 1))
        return done.decode().strip() or None

    def check_branch(self) -> None:
        """Stop unless a branch is checked out.

        Raises:
            MigrationError: with code `detached`.
        """
        if self.branch() is None:
            raise MigrationError(
                f"no branch is checked out in {self.root} (HEAD is detached), so which revisions are"
                " of this branch cannot be told",
                remedy="git switch BRANCH, or end the git rebase that is under way; then run this again",
                code="detached",
            )

    def check_whole(self) -> None:
        """Stop unless the clone has all of the past.

        Raises:
            MigrationError: with code `shallow`.
        """
        if self.is_shallow():
            raise MigrationError(
                "the git clone is shallow, and what the base branch has may be cut off",
                remedy=_SHALLOW_REMEDY,
                code="shallow",
            )

    def is_shallow(self) -> bool:
        """Tell whether the clone was cut off somewhere in the past."""
        return run_git(self.root, "rev-parse", "--is-shallow-repository").strip() == b"true"

    def base(self, name: str | None = None) -> tuple[str, str]:
        """Return the name and the commit of the base branch, found out when it is not named.

        The default branch of `origin` is not, where it is the one that is checked out: a clone of a
        colleague's clone has such a one. A trunk may be compared with its state on `origin`.

        Raises:
            UsageError: there is no such branch.
        """
        done = run_git(
            self.root, "symbolic-ref", "--quiet", "--short", "refs/remotes/origin/HEAD", ok=(0, 1)
        )
        known = done.decode().strip()
        if known not in _BASES and known == f"origin/{self.branch()}":
            known = ""
        for candidate in [name] if name is not None else [known, *_BASES]:
            commit = self.commit(candidate)
            if commit is not None:
                return candidate, commit
        raise self._no_base(name)

    def _no_base(self, name: str | None) -> UsageError:
        if name is None:
            return UsageError(
                f"{self.root} has no base branch: tried {', '.join(_BASES)}",
                remedy="name the branch that this one is merged into with --base, or in the setting base (DBTASKS_BASE)",
                code="no-base",
            )
        remote, slash, branch = name.partition("/")
        remotes = run_git(self.root, "remote").decode().split()
        fetch = f"git fetch {remote} {branch}:refs/remotes/{name}, or "
        return UsageError(
            f"the base branch {name} does not exist in {self.root}",
            remedy=f"{fetch if slash and remote in remotes else ''}name another one with --base",
            code="no-base",
        )

    def merge_base(self, one: str, other: str) -> str | None:
        """Return the newest commit that two commits share, None if they share nothing.

        Raises:
            MigrationError: the clone is shallow, and what they share may be cut off.
        """
        found = run_git(self.root, "merge-base", one, other, ok=(0, 1)).decode().strip()
        if not found and self.is_shallow():
            raise MigrationError(
                "the git clone is shallow, and where this branch left the base branch is cut off",
                remedy=_SHALLOW_REMEDY,
                code="shallow",
            )
        return found or None

    def relative(self, folder: Path) -> str | None:
        """Return a folder's path within the repository as git writes it, None if it is elsewhere."""
        real = Path(os.path.realpath(folder))
        if not real.is_relative_to(self.root):
            return None
        path = real.relative_to(self.root).as_posix()
        return "" if path == "." else path

    def tree(self, commit: str, folders: Iterable[str]) -> Mapping[str, Blob]:
        """Return every file of a commit below some folders, by its path.

        Raises:
            MigrationError: a folder belongs to a submodule, or git failed.
        """
        wanted = [*folders]
        if not wanted:
            return {}
        arguments = [] if "" in wanted else ["--", *wanted]
        listed = run_git(self.root, "ls-tree", "-r", "-z", "--full-tree", commit, *arguments)
        found = {}
        for line in listed.split(b"\0")[:-1]:
            entry, _, path = line.partition(b"\t")
            mode, _, blob = entry.decode().split(" ")
            if mode != _SUBMODULE:
                found[os.fsdecode(path)] = Blob(mode, blob)
        if not found:
            self._not_in_submodule(commit, wanted)
        return found

    def _not_in_submodule(self, commit: str, folders: Iterable[str]) -> None:
        above = {
            "/".join(parts[:count])
            for parts in (folder.split("/") for folder in folders if folder)
            for count in range(1, len(parts) + 1)
        }
        if not above:
            return
        listed = run_git(self.root, "ls-tree", "-z", "--full-tree", commit, "--", *above)
        for line in listed.split(b"\0"):
            if line.startswith(_SUBMODULE.encode()):
                path = os.fsdecode(line.partition(b"\t")[2])
                raise MigrationError(
                    f"the revision files below {path} are in a git submodule",
                    remedy="run this in the submodule's own project",
                    code="submodule",
                )

    def contents(self, files: Mapping[str, Blob], commit: str) -> Mapping[str, bytes]:
        """Return the content of each file of a commit; a symbolic link gives its target's."""
        blobs = self._objects({blob.id for blob in files.values()})
        found = {
            path: blobs[blob.id]
            for path, blob in files.items()
            if blob.id in blobs and blob.mode != _LINK
        }
        links = {
            path: posixpath.normpath(
                posixpath.join(posixpath.dirname(path), os.fsdecode(blobs[blob.id]))
            )
            for path, blob in files.items()
            if blob.id in blobs and blob.mode == _LINK
        }
        inside = {path: target for path, target in links.items() if "\n" not in target}
        targets = self._objects({f"{commit}:{target}" for target in inside.values()})
        for path, target in inside.items():
            name = f"{commit}:{target}"
            if name in targets:
                found[path] = targets[name]
        return found

    def _objects(self, names: Iterable[str]) -> Mapping[str, bytes]:
        """Read objects by name in one process; what is no file of this repository is left out."""
        asked = sorted(names)
        if not asked:
            return {}
        given = b"".join(os.fsencode(name) + b"\n" for name in asked)
        output = run_git(self.root, "cat-file", "--batch", given=given)
        found, position = {}, 0
        for name in asked:
            end = output.index(b"\n", position)
            header = output[position:end].rsplit(b" ", 2)
            position = end + 1
            if header[-1] in {b"missing", b"ambiguous"} or len(header) != 3:
                continue
            size = int(header[2])
            if header[1] == b"blob":
                found[name] = output[position : position + size]
            position += size + 1
        return found


def find_repository(folder: Path) -> Repository:
    """Return the repository that a folder is in.

    Raises:
        MigrationError: it is in none, or there is no git.
    """
    found = run_git(folder, "rev-parse", "--show-toplevel")
    return Repository(root=Path(os.path.realpath(os.fsdecode(found.removesuffix(b"\n")))))
