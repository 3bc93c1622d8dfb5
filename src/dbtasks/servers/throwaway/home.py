"""Where throwaway servers of the local kind live: in memory if there is room, else with temporary files."""

from __future__ import annotations

import contextlib
import os
import shutil
import stat
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from dbtasks.errors import ServerError
from dbtasks.servers.account import make_enterable, shared_folder

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dbtasks.servers.account import Account

_MEMORY = Path("/dev/shm")  # noqa: S108
_ROOM = 1 << 30


def home(account: Account) -> Path:
    """Return the folder for throwaway servers, which is made: in memory if there is room.

    Raises:
        ServerError: code `initdb`; there is none that the account can use.
    """
    for folder in _candidates():
        parent = folder.parent
        if not os.access(parent, os.W_OK) or not account.can_enter(parent):
            continue
        if parent == _MEMORY and shutil.disk_usage(parent).free < _ROOM:
            continue
        with contextlib.suppress(OSError):
            with contextlib.suppress(FileExistsError):
                folder.mkdir(mode=0o711)
            if _is_ours(folder):
                make_enterable(folder)
                return folder
    raise ServerError(
        f"throwaway servers live in {' or '.join(map(str, _candidates()))}, and none of these can be used",
        remedy="let TMPDIR name a folder that can be written",
        code="initdb",
    )


def homes() -> list[Path]:
    """Return the folders that may hold throwaway servers of this account."""
    return [folder for folder in _candidates() if _is_ours(folder)]


def _candidates() -> Iterator[Path]:
    name = f"dbtasks-throwaway-{os.geteuid()}"
    yield _MEMORY / name
    yield Path(tempfile.gettempdir()) / name
    if os.geteuid() == 0:
        yield shared_folder() / name


def _is_ours(folder: Path) -> bool:
    """Tell whether the folder is there and no link or folder of somebody else's: all may write beside it."""
    with contextlib.suppress(OSError):
        entry = folder.lstat()
        return stat.S_ISDIR(entry.st_mode) and entry.st_uid == os.geteuid()
    return False
