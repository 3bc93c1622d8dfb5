"""The account that a local PostgreSQL runs as, and the folders which that account can use.

PostgreSQL refuses to run as root. For everybody else the account is their own, and there is nothing
to do. As root it is `postgres` if that user exists, else `nobody`, and then

- the server's folder is below the state folder only if `state_dir` is set and the account can enter
  it; otherwise below `/var/lib/dbtasks`, or `/var/tmp/dbtasks-root` where that cannot be written;
- binaries that the account cannot run (a virtual environment below `/root`) are copied once into
  the folder `cache` of the same place.

Root owns those folders, and the account only the data folder in each.
"""

from __future__ import annotations

import contextlib
import os
import pwd
import stat
from dataclasses import dataclass
from pathlib import Path
from typing import TypedDict

from dbtasks.errors import ServerError

_CANDIDATES = ("postgres", "nobody")
_SHARED = (Path("/var/lib/dbtasks"), Path("/var/tmp/dbtasks-root"))  # noqa: S108
_KEPT = ("PATH", "TZ", "TMPDIR", "LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH")


class SpawnArguments(TypedDict, total=False):
    """What `subprocess` needs to run a program as another user."""

    user: int
    group: int
    extra_groups: list[int]


@dataclass(frozen=True, kw_only=True)
class Account:
    """An operating-system user; `switch` tells whether we have to become it."""

    name: str
    uid: int
    gid: int
    switch: bool

    def spawn_arguments(self) -> SpawnArguments:
        """Return the keyword arguments that make `subprocess` run a program as this account."""
        if not self.switch:
            return {}
        return {"user": self.uid, "group": self.gid, "extra_groups": []}

    def own(self, path: Path) -> None:
        """Give a file or folder to the account."""
        if self.switch:
            os.chown(path, self.uid, self.gid, follow_symlinks=False)

    def can_enter(self, folder: Path) -> bool:
        """Tell whether the account may enter the folder, which exists, and everything above it."""
        folder = folder.resolve()
        return folder.is_dir() and all(self._executes(path) for path in (folder, *folder.parents))

    def _executes(self, path: Path) -> bool:
        entry = path.stat()
        if entry.st_uid == self.uid:
            return bool(entry.st_mode & stat.S_IXUSR)
        if entry.st_gid == self.gid:
            return bool(entry.st_mode & stat.S_IXGRP)
        return bool(entry.st_mode & stat.S_IXOTH)


def server_account() -> Account:
    """Return the account for PostgreSQL: ourselves, or an unprivileged one when we are root.

    Raises:
        ServerError: we are root and the machine has no such user.
    """
    uid = os.geteuid()
    if uid != 0:
        return Account(name=str(uid), uid=uid, gid=os.getegid(), switch=False)
    for name in _CANDIDATES:
        try:
            entry = pwd.getpwnam(name)
        except KeyError:
            continue
        if entry.pw_uid != 0:
            return Account(name=name, uid=entry.pw_uid, gid=entry.pw_gid, switch=True)
    raise ServerError(
        "PostgreSQL refuses to run as root, and this machine has no user postgres or nobody",
        remedy="run this as another user, or add one: useradd --system postgres",
        code="root",
    )


def shared_folder() -> Path:
    """Return the place of root's servers and copied binaries; `make_enterable` makes it.

    Raises:
        ServerError: neither of its two places can be had.
    """
    for folder in _SHARED:
        with contextlib.suppress(OSError):
            if not os.path.lexists(folder):
                if os.access(folder.parent, os.W_OK):
                    return folder
                continue
            entry = folder.lstat()
            # In a place where everybody may write it may be somebody else's.
            if stat.S_ISDIR(entry.st_mode) and entry.st_uid == 0 and os.access(folder, os.W_OK):
                return folder
    raise ServerError(
        f"root's servers live in {_SHARED[0]} or {_SHARED[1]}, and neither can be written",
        remedy="let DBTASKS_STATE_DIR name a folder that the user postgres or nobody may enter",
        code="state-folder",
    )


def make_enterable(folder: Path) -> None:
    """Make a folder of root's, if it is missing, that others can enter and not list.

    Raises:
        OSError: it cannot be made.
    """
    folder.mkdir(mode=0o711, exist_ok=True)
    folder.chmod(0o711)  # whatever the umask is


def server_environment() -> dict[str, str]:
    """Return the environment of PostgreSQL's programs: no `PG*` variable, no secret of ours."""
    kept = {name: os.environ[name] for name in _KEPT if name in os.environ}
    return {**kept, "LC_ALL": "C"}
