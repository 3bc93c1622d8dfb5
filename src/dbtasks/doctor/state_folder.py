"""The state folder: what killed runs left in it, and whether others can read its secrets."""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import re
import stat
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from dbtasks.doctor.finding import Finding
from dbtasks.doctor.mends import Act, Protect, Remove
from dbtasks.errors import DbtasksError, MigrationError
from dbtasks.git.process import run_git
from dbtasks.server_template.names import LOCK, TAR
from dbtasks.servers import throwaway
from dbtasks.state import State

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from dbtasks.settings import Settings

# What is written beside a file before it takes its place, with the number of the writing process.
_DRAFT = re.compile(r".+\.(?:password|json|gitignore)\.(?P<pid>\d+)(?:\.[0-9a-f]+)?")
_KEPT = re.compile(r"throwaway-kept-[0-9a-f]+\.json")
_SECRET = re.compile(
    r".+\.(?:password(?:\.\d+)?|env|draft|template\.json|template\.tar)|throwaway-kept-[0-9a-f]+\.json"
)
_DUMP = ".upgrade-dump"
_REUSED = 3600.0
_OTHERS, _MAY_ENTER = 0o077, 0o011


@dataclass(frozen=True, kw_only=True)
class Entry:
    """A file of the state folder as it is now."""

    path: Path
    mode: int
    uid: int
    age: float


def findings(settings: Settings) -> Iterator[Finding]:
    """Yield what is wrong with the state folder."""
    folder = State(settings).folder
    if not folder.is_dir():
        return
    entries = list(_entries(folder))
    yield from _seen_by_others(_entry(folder), entries)
    yield from _in_git(folder, settings)
    for entry in entries:
        found = _left_over(entry)
        if found is not None:
            yield found


def is_free(lock: Path) -> bool:
    """Tell whether nobody holds a lock file now."""
    try:
        with lock.open("rb") as file:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except FileNotFoundError:
        return True
    except BlockingIOError:
        return False
    return True


def is_alive(pid: int) -> bool:
    """Tell whether a process of this number is there."""
    try:
        os.kill(pid, 0)
    except (ProcessLookupError, OverflowError):
        return False
    except PermissionError:
        return True
    return True


def _entries(folder: Path) -> Iterator[Entry]:
    for path in sorted(folder.iterdir()):
        with contextlib.suppress(FileNotFoundError):
            yield _entry(path)


def _entry(path: Path) -> Entry:
    status = path.lstat()
    return Entry(
        path=path, mode=status.st_mode, uid=status.st_uid, age=time.time() - status.st_mtime
    )


def _seen_by_others(folder: Entry, entries: list[Entry]) -> Iterator[Finding]:
    # The account of a local server may have to enter the folder, where it was set.
    if folder.mode & _OTHERS & ~_MAY_ENTER:
        yield _exposed(folder, 0o700, "may be read or changed by others")
    for entry in entries:
        secret = stat.S_ISREG(entry.mode) and _SECRET.fullmatch(entry.path.name)
        if secret and entry.mode & _OTHERS:
            yield _exposed(entry, 0o600, "holds a password that others may read")


def _exposed(entry: Entry, mode: int, what: str) -> Finding:
    is_ours = entry.uid == os.geteuid()
    return Finding(
        code="state-exposed",
        message=f"{entry.path} {what} (mode {stat.S_IMODE(entry.mode):04o})",
        remedy=f"chmod {mode:o} '{entry.path}'",
        mend=Protect(path=entry.path, mode=mode) if is_ours else None,
    )


def _in_git(folder: Path, settings: Settings) -> Iterator[Finding]:
    try:
        ignored = run_git(folder, "check-ignore", "--verbose", "a.password", ok=(0, 1))
        tracked = run_git(folder, "ls-files", "-z", "--", ".").decode(errors="replace")
    except MigrationError:  # no git, or no repository: nothing can be committed
        return
    if not ignored:
        ignore = folder / ".gitignore"
        yield Finding(
            code="state-not-ignored",
            message=f"git does not ignore the state folder {folder}, which holds passwords",
            remedy=f"printf '*\\n' > '{ignore}'",
            mend=None
            if ignore.exists()
            else Act(did=f"wrote {ignore}", act=lambda: _ignore(ignore)),
        )
    names = [name for name in tracked.split("\0") if name and name != ".gitignore"]
    if names:
        yield Finding(
            code="state-committed",
            message=f"git keeps {', '.join(names[:3])} of the state folder {folder}",
            remedy=f"git rm -r --cached '{folder}', and invoke {settings.label}.recreate for another password",
        )


def _ignore(ignore: Path) -> bool:
    with contextlib.suppress(FileExistsError), ignore.open("x", encoding="utf-8") as file:
        file.write("*\n")
        return True
    return False


def _left_over(entry: Entry) -> Finding | None:
    name, path = entry.path.name, entry.path
    draft = _DRAFT.fullmatch(name)
    if draft is not None:
        pid = int(draft["pid"])
        return None if is_alive(pid) and entry.age < _REUSED else _left(path, "half written")
    if name.endswith((".docker.env", ".draft")):
        lock = path.with_suffix(".lock")
        what = "with a password" if name.endswith(".env") else "half written"
        return _left(path, what, lock) if is_free(lock) else None
    if name.endswith(_DUMP):
        stem = name.removesuffix(_DUMP).rpartition("-pg")[0]
        lock = path.with_name(f"{stem}.upgrade.lock")
        return _left(path, "a database's dump", lock) if is_free(lock) else None
    if name.endswith(TAR) and not path.with_suffix(".json").exists():
        stem = name.removesuffix(TAR).rpartition(".")[0]
        lock = path.with_name(f"{stem}{LOCK}.lock")
        return _left(path, "a template without its record", lock) if is_free(lock) else None
    if _KEPT.fullmatch(name) and not path.is_symlink():
        return _handle(path)
    return None


def _left(path: Path, what: str, lock: Path | None = None) -> Finding:
    return Finding(
        code="left-over-file",
        message=f"a command that was killed left {path}, {what}",
        remedy=f"rm '{path}'",
        mend=Remove(path=path, lock=lock),
    )


def _handle(path: Path) -> Finding | None:
    """Judge the file by which later runs find the server that is kept for them."""
    lock = path.with_suffix(".lock")
    if not is_free(lock):
        return None
    state = _kept_state(path)
    if state == "running":
        return Finding(
            code="kept-server",
            message=f"a throwaway server is kept for the next test run: {path}",
            remedy=f"rm '{path}' lets the next run remove it",
            note=True,
        )
    return (
        Finding(
            code="left-over-file",
            message=f"{path} is about a kept throwaway server that is gone",
            remedy=f"rm '{path}'",
            mend=Remove(path=path, lock=lock, still=lambda: _kept_state(path) == "gone"),
        )
        if state == "gone"
        else None
    )


def _kept_state(path: Path) -> str:
    """Return `running` or `gone`, empty where it cannot be told."""
    try:
        return throwaway.attach(json.loads(path.read_text(encoding="utf-8"))).state()
    except (ValueError, KeyError, TypeError):
        return "gone"  # never finished
    except (OSError, DbtasksError):
        return ""
