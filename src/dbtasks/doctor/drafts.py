"""Half-written files and folders outside the state folder: results, revisions, caches, runs of pytest."""

from __future__ import annotations

import json
import os
import re
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

from dbtasks.doctor.finding import Finding
from dbtasks.doctor.mends import Remove
from dbtasks.doctor.state_folder import is_alive, is_free
from dbtasks.errors import DbtasksError
from dbtasks.revisions.locations import read_locations
from dbtasks.servers import throwaway
from dbtasks.servers.account import server_account
from dbtasks.servers.cache import cache_folder

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dbtasks.settings import Settings

_BY_PROCESS = re.compile(r".+\.draft-(?P<pid>\d+)")
_REVISION = re.compile(r"\..+\.py\.[0-9a-f]{8}\.dbtasks")
_SECRET = re.compile(r"seed\.secret\.[0-9a-f]{8}")
_AGE = 60.0
_RUN_AGE = 3600.0


def findings(settings: Settings) -> Iterator[Finding]:
    """Yield what killed commands left beside results, revision files and caches, and of runs of pytest."""
    yield from _results(settings.root / settings.results_dir)
    yield from _revisions(settings)
    yield from _cache()
    yield from _runs()


def _results(folder: Path) -> Iterator[Finding]:
    for path in sorted(folder.rglob("*.draft-*")):
        match = _BY_PROCESS.fullmatch(path.name)
        if match is not None and not is_alive(int(match["pid"])):
            yield _left(path)


def _revisions(settings: Settings) -> Iterator[Finding]:
    for folder in read_locations(settings).folders:
        for path in sorted(Path(folder).glob(".*.dbtasks")):
            if _REVISION.fullmatch(path.name) and _age(path) > _AGE:
                yield _left(path)


def _cache() -> Iterator[Finding]:
    """Yield what is half made in the cache, which all projects share; a draft there is made under the lock of its target."""
    folder = cache_folder(server_account())
    if not folder.is_dir():
        return
    for path in sorted(folder.iterdir()):
        name, match = path.name, _BY_PROCESS.fullmatch(path.name)
        if match is not None:
            lock = folder / f"{name[: name.index('.draft-')]}.lock"
            if is_free(lock) and not is_alive(int(match["pid"])):
                yield _left(path, lock, note=True)
        elif _SECRET.fullmatch(name) and _age(path) > _AGE:
            yield _left(path, note=True)


def _runs() -> Iterator[Finding]:
    """Yield the folders that workers of pytest-xdist shared, and copies of the base branch."""
    temporary = Path(tempfile.gettempdir())
    for pattern, is_left in (("dbtasks-run-*", _run_is_over), ("dbtasks-base-*", _is_old)):
        for path in sorted(temporary.glob(pattern)):
            if path.is_dir() and path.lstat().st_uid == os.geteuid() and is_left(path):
                yield _left(path, note=True)


def _run_is_over(folder: Path) -> bool:
    if not is_free(folder / "server.lock"):
        return False
    try:
        handle = json.loads((folder / "server.json").read_text(encoding="utf-8"))
        return throwaway.attach(handle).state() == "gone"
    except (OSError, ValueError, KeyError, TypeError):
        return _is_old(folder)  # its server was not started
    except DbtasksError:
        return False


def _is_old(folder: Path) -> bool:
    return _age(folder) > 24 * _RUN_AGE


def _age(path: Path) -> float:
    try:
        return time.time() - path.lstat().st_mtime
    except FileNotFoundError:
        return 0.0


def _left(path: Path, lock: Path | None = None, *, note: bool = False) -> Finding:
    is_folder = path.is_dir()
    return Finding(
        code="left-over-folder" if is_folder else "left-over-file",
        message=f"a command that was killed left {path}, which nobody needs",
        remedy=f"rm {'-r ' if is_folder else ''}'{path}'",
        note=note,
        mend=Remove(path=path, lock=lock),
    )
