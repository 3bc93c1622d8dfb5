"""What decides what is in a database at head: known before its revisions run, or heard while they did."""

from __future__ import annotations

import hashlib
import json
import os
import sys
import sysconfig
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dbtasks.alembic_config import config_files
from dbtasks.revisions.locations import read_locations
from dbtasks.server_template.witness import EVERYTHING
from dbtasks.state import State

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from dbtasks.server_template.witness import Witness
    from dbtasks.settings import Settings

_FORMAT = 2
_SETTINGS = ("user", "database", "server_options", "env", "driver", "commit_each", "postgres")
_PACKAGES = (".dist-info", ".egg-info", ".egg-link", ".pth")
# What libpq and the C library read, of which Python knows nothing.
_UNHEARD = ("PGCLIENTENCODING", "PGDATESTYLE", "PGGEQO", "PGOPTIONS", "PGSERVICE", "PGTZ", "TZ")
# What env.py gets from us differs from server to server, what a shell and a terminal set from one to
# the next; our own display asks for these while revisions run.
_OURS = ("DATABASE_URL", "PGHOST", "PGPORT", "PGUSER", "PGPASSWORD", "PGDATABASE")
_OF_A_SHELL = (
    *("_", "SHLVL", "PWD", "OLDPWD", "COLUMNS", "LINES", "TERM", "COLORTERM"),
    *("NO_COLOR", "FORCE_COLOR", "TTY_COMPATIBLE", "TTY_INTERACTIVE"),
)


def key(settings: Settings, image: str, setup: Sequence[str]) -> str:
    """Return a digest of all that is known before: image, settings, packages, the migrations' folders."""
    files = [path for path in config_files(settings) if path is not None]
    locations = read_locations(settings)
    for folder in dict.fromkeys((locations.script, *map(Path, locations.folders))):
        files += _tree(folder)
    parts = [
        _FORMAT,
        image,
        {name: getattr(settings, name) for name in _SETTINGS},
        list(setup),
        sys.version,
        sorted(_packages()),
        {str(path): digest(path) for path in files},
    ]
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()


def heard(settings: Settings, witness: Witness, *, imported_before: bool) -> dict[str, Any]:
    """Return what a witness heard, and which modules are imported now, with digests, ready for JSON.

    With `imported_before` some of these were there when it began to listen, and may have read any
    variable.
    """
    modules = [getattr(module, "__file__", None) for module in list(sys.modules.values())]
    files = {*witness.files, *(Path(file) for file in modules if file)}
    names = {*witness.variables, *_UNHEARD}
    if EVERYTHING in names or imported_before:
        names = {EVERYTHING}
    outside = _Outside(settings)
    return {
        "files": {str(path): digest(path) for path in sorted(files) if outside.counts(path)},
        "folders": {
            str(path): _listing(path) for path in sorted(witness.folders) if outside.counts(path)
        },
        "kinds": {
            str(path): _kind(path) for path in sorted(witness.looked_at) if outside.counts(path)
        },
        "variables": _variables(settings, names, witness.environment),
    }


def are_the_same(settings: Settings, told: Mapping[str, Any]) -> bool:
    """Tell whether everything that `heard` returned is still so."""
    return (
        all(digest(Path(path)) == found for path, found in told["files"].items())
        and all(_listing(Path(path)) == found for path, found in told["folders"].items())
        and all(_kind(Path(path)) == found for path, found in told["kinds"].items())
        and told["variables"] == _variables(settings, _names(told["variables"]), os.environ)
    )


def digest(path: Path) -> str:
    """Return a digest of a file's content, empty if it is not there."""
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError:
        return ""


def project_modules(settings: Settings) -> set[str]:
    """Return the names of the modules that are imported and no installed package's, ours left out."""
    outside = _Outside(settings)
    return {
        name
        for name, module in list(sys.modules.items())
        if name.partition(".")[0] not in {"dbtasks", "tasks", "__main__", "__mp_main__"}
        and getattr(module, "__file__", None)
        and outside.counts(Path(str(module.__file__)))
    }


class _Outside:
    """Tells which files are neither Python's, nor a package's, nor our own memory."""

    def __init__(self, settings: Settings) -> None:
        paths = sysconfig.get_paths()
        places = {paths[name] for name in ("stdlib", "platstdlib", "purelib", "platlib")}
        places |= {"/proc", "/sys", "/dev", str(State(settings).folder)}
        places |= {os.path.realpath(place) for place in places}
        self._places = tuple(f"{place}{os.sep}" for place in places)

    def counts(self, path: Path) -> bool:
        return not str(path).startswith(self._places) and path.suffix != ".pyc"


def _tree(folder: Path) -> Iterator[Path]:
    for where, folders, names in os.walk(folder):
        folders[:] = sorted(name for name in folders if name != "__pycache__")
        for name in sorted(names):
            if not name.endswith(".pyc"):
                yield Path(where, name)


def _packages() -> Iterator[str]:
    """Yield name, version and time of installation of each installed package."""
    for place in dict.fromkeys(sys.path):
        try:
            with os.scandir(place or ".") as entries:
                for entry in entries:
                    if entry.name.endswith(_PACKAGES):
                        yield f"{entry.path} {entry.stat().st_mtime_ns}"
        except OSError:  # no folder
            continue


def _listing(folder: Path) -> str:
    try:
        names = sorted(one.name for one in folder.iterdir() if one.name != "__pycache__")
    except OSError:
        return ""
    return hashlib.sha256("\0".join(names).encode(errors="surrogateescape")).hexdigest()


def _kind(path: Path) -> str:
    return "folder" if path.is_dir() else "file" if path.exists() else ""


def _names(variables: Mapping[str, Any]) -> set[str]:
    return {EVERYTHING} if EVERYTHING in variables else set(variables)


def _variables(
    settings: Settings, names: Iterable[str], environment: Mapping[str, str]
) -> dict[str, str | None]:
    """Return digests of the values; what we export ourselves, or a shell counts, is left out."""
    left_out = {*_OURS, *settings.env, *_OF_A_SHELL}
    if EVERYTHING in names:
        everything = sorted((k, v) for k, v in environment.items() if k not in left_out)
        return {EVERYTHING: _digest(json.dumps(everything))}
    return {
        name: _digest(environment[name]) if name in environment else None
        for name in sorted(set(names) - left_out)
    }


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode(errors="surrogateescape")).hexdigest()
