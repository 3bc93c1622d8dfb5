"""What the revision files said the last time, kept in the state folder.

JSON, because reading it runs nothing. An entry counts only for a file of the very same size, inode and
times; a cache that is damaged, of another version or somebody else's counts for nothing.
"""

from __future__ import annotations

import contextlib
import json
import os
import stat
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dbtasks import __version__, private_files
from dbtasks.errors import SettingsError
from dbtasks.revisions.source import RevisionSource

if TYPE_CHECKING:
    from dbtasks.state import State

_FILE = "revisions.json"
# The compiler of 3.13 reads docstrings differently, so the interpreter is part of the format.
_FORMAT = [1, __version__, list(sys.version_info[:2])]
_LARGEST = 256 * 1024 * 1024
# A file changed again within the tick of the file system's clock keeps its times; such young
# entries are not kept. Two seconds is the coarsest tick there is (FAT).
_TICK_NS = 2_000_000_000

_Entry = list[
    Any
]  # size, inode, mtime, ctime, revision, parents, labels, dependencies, message, date
_Folders = dict[str, dict[str, _Entry]]


class RevisionCache:
    """The parsed revision files of a project; without a state folder it is empty and stays so."""

    def __init__(self, state: State | None) -> None:
        self._state = state
        self._folders: _Folders = _load(state.folder / _FILE) if state is not None else {}
        self._seen: _Folders = {}
        self._changed = False

    def get(self, path: str, status: os.stat_result) -> RevisionSource | None:
        """Return what the file said, None if it is not known or has changed."""
        folder, _, name = path.rpartition("/")
        try:
            entry = self._folders[folder][name]
            size, inode, modified, changed, revision, parents, labels, needs, message, date = entry
        except (KeyError, TypeError, ValueError):
            return None
        if (
            modified != status.st_mtime_ns
            or inode != status.st_ino
            or changed != status.st_ctime_ns
            or size != status.st_size
            or not (type(parents) is type(labels) is type(needs) is list)
            or not _are_texts(revision, message, date or "", *parents, *labels, *needs)
        ):
            return None
        self._seen.setdefault(folder, {})[name] = entry
        return RevisionSource(
            revision=revision,
            down_revision=tuple(parents),
            branch_labels=tuple(labels),
            depends_on=tuple(needs),
            message=message,
            date=date,
            path=path,
        )

    def put(self, source: RevisionSource, status: os.stat_result) -> None:
        """Keep what a file said; `status` is from before it was read."""
        if source.computed or not status.st_ctime_ns < time.time_ns() - _TICK_NS:
            return
        folder, _, name = source.path.rpartition("/")
        self._changed = True
        self._seen.setdefault(folder, {})[name] = [
            status.st_size,
            status.st_ino,
            status.st_mtime_ns,
            status.st_ctime_ns,
            source.revision,
            source.down_revision,
            source.branch_labels,
            source.depends_on,
            source.message,
            source.date,
        ]

    def save(self) -> None:
        """Replace the cache file if there is news; a folder that cannot be written has no cache."""
        gone = any(
            len(entries) < len(self._folders.get(folder, ()))
            for folder, entries in self._seen.items()
        )
        if self._state is None or not (self._changed or gone):
            return
        others = {
            folder: entries
            for folder, entries in self._folders.items()
            if folder not in self._seen and Path(folder).is_dir()
        }
        text = json.dumps(
            {"format": _FORMAT, "folders": {**others, **self._seen}}, separators=(",", ":")
        )
        with contextlib.suppress(OSError, SettingsError):
            _replace(self._state.path(_FILE), text.encode("utf-8", "surrogatepass"))


def _are_texts(*values: object) -> bool:
    return set(map(type, values)) <= {str}


def _load(path: Path) -> _Folders:
    try:
        content = json.loads(_read_own(path))
    except (OSError, ValueError, RecursionError):
        return {}
    if not isinstance(content, dict) or content.get("format") != _FORMAT:
        return {}
    folders = content.get("folders")
    if not isinstance(folders, dict) or not all(isinstance(one, dict) for one in folders.values()):
        return {}
    return folders


def _read_own(path: Path) -> bytes:
    """Read a plain file that only this user can have written.

    Raises:
        OSError: it is anything else, or cannot be read.
    """
    descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    with open(descriptor, "rb") as file:  # noqa: PTH123  a descriptor
        status = os.fstat(descriptor)
        if (
            not stat.S_ISREG(status.st_mode)
            or status.st_uid != os.geteuid()
            or status.st_mode & 0o022
            or status.st_size > _LARGEST
        ):
            raise PermissionError(path)
        return file.read()


def _replace(path: Path, content: bytes) -> None:
    """Put a new file in the place of the old one; whoever reads sees one of them whole."""
    private_files.remove_drafts(path)
    draft = path.with_name(f"{path.name}.{os.getpid()}.{time.time_ns()}")
    try:
        descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        with open(descriptor, "wb") as file:  # noqa: PTH123  a descriptor
            file.write(content)
        draft.replace(path)
    finally:
        draft.unlink(missing_ok=True)
