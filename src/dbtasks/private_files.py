"""Files and folders that nobody else may read, whatever the umask is, and was when they were made."""

from __future__ import annotations

import contextlib
import os
import secrets
import stat
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

_IGNORE = ".gitignore"
_EVERYTHING = "*"  # the line of a .gitignore
_OTHERS = 0o077
_OTHERS_BUT_ENTER = 0o066
_FLAGS = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC


def write_new(path: Path, content: str) -> None:
    """Write a file of mode 0600 that is not there yet.

    Raises:
        OSError: it is there, or cannot be written.
    """
    descriptor = os.open(path, _FLAGS, 0o600)
    with open(descriptor, "w", encoding="utf-8") as file:  # noqa: PTH123  a descriptor
        os.fchmod(descriptor, 0o600)  # a umask may have taken the owner's own permission
        file.write(content)


def write(path: Path, content: str) -> None:
    """Put a new file of mode 0600 in the place of an old one; whoever reads sees one of them whole.

    Raises:
        OSError: it cannot be written.
    """
    remove_drafts(path)
    draft = path.with_name(f"{path.name}.{os.getpid()}.{secrets.token_hex(4)}")
    try:
        write_new(draft, content)
        draft.replace(path)
    finally:
        draft.unlink(missing_ok=True)


def remove_drafts(path: Path) -> None:
    """Remove the drafts of a file, `NAME.PID.ANYTHING`, that killed processes have left beside it."""
    with os.scandir(path.parent) as entries:
        for entry in entries:
            if entry.name.startswith(f"{path.name}."):
                pid = entry.name[len(path.name) + 1 :].partition(".")[0]
                if pid.isdecimal() and not _is_alive(int(pid)):
                    with contextlib.suppress(FileNotFoundError):
                        os.unlink(entry)  # noqa: PTH108  an entry of a folder has no method for it


def _is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except (PermissionError, OverflowError):
        return True
    return True


def opener(path: str, flags: int) -> int:
    """Open a file for the built-in `open`; one that is made gets mode 0600."""
    return os.open(path, flags, 0o600)


def make_folder(folder: Path, *, may_be_entered: bool) -> None:
    """Make a folder of mode 0700 that ignores itself in git; take from others what they may do in an old one.

    A folder is old and ours if its .gitignore ignores everything. `may_be_entered` leaves others the
    permission to go through it to what lies in it.

    Raises:
        OSError: it cannot be made, or belongs to somebody else.
    """
    if not folder.is_dir():
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        folder.chmod(0o700)
    ignore = folder / _IGNORE
    if not ignore.exists():
        write(
            ignore, f"{_EVERYTHING}\n"
        )  # whole, or a kill would leave one that git takes for none
    if ignores_itself(folder):
        _close(folder, _OTHERS_BUT_ENTER if may_be_entered else _OTHERS)
        with os.scandir(folder) as entries:
            for entry in entries:
                if entry.is_file(follow_symlinks=False):
                    _close(entry, _OTHERS)


def ignores_itself(folder: Path) -> bool:
    """Tell whether git leaves out all that is in a folder."""
    try:
        lines = (folder / _IGNORE).read_text(encoding="utf-8", errors="replace").splitlines()
    except FileNotFoundError:
        return False
    return _EVERYTHING in lines and not any(line.startswith("!") for line in lines)


def close(path: Path) -> None:
    """Take from others what they may do with a file of ours; one of somebody else's stays as it is."""
    _close(path, _OTHERS)


def _close(path: Path | os.DirEntry[str], bits: int) -> None:
    """Take permissions away, if they are there, the thing is ours, and its file system has any."""
    with contextlib.suppress(OSError):
        mode = stat.S_IMODE(path.stat().st_mode)
        if mode & bits:
            os.chmod(path, mode & ~bits)  # noqa: PTH101  an entry of a folder has no method for it
