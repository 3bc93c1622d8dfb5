"""Where a project's revision files are, as Alembic would find them; read without Alembic."""

from __future__ import annotations

import configparser
import os
import re
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dbtasks.alembic_config import config_files, toml_table
from dbtasks.errors import MigrationError, SettingsError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dbtasks.settings import Settings

_SECTION = "alembic"
_SEPARATORS = {"space": " ", "newline": "\n", "os": os.pathsep, ":": ":", ";": ";"}
# The names of Alembic's `_only_source_rev_file` and `_sourceless_rev_file`.
_SOURCE = re.compile(r"(?!\.\#|__init__)(.*\.py)$")
_SOURCELESS = re.compile(r"(?!\.\#|__init__)(.*\.py)(c|o)?$")


@dataclass(frozen=True, kw_only=True)
class VersionLocations:
    """The folders of the revision files, absolute; `base` is what relative paths start from.

    `script` is the folder of env.py.
    """

    base: Path
    script: Path
    folders: tuple[str, ...]
    recursive: bool = False
    sourceless: bool = False

    def files(self) -> Iterator[tuple[str, os.stat_result | None]]:
        """Yield the real path and the status of every revision file, in Alembic's order.

        The status is None where a link leads nowhere. A file in two locations comes once.
        """
        seen = set()
        for folder in self.folders:
            for path, entry in self._listed(folder, os.path.realpath(folder)):
                if path in seen or not (_is_plain(path) or self._is_revision(path)):
                    continue
                seen.add(path)
                try:
                    yield path, entry.stat()
                except OSError:
                    yield path, None

    def _listed(self, folder: str, real: str) -> Iterator[tuple[str, os.DirEntry[str]]]:
        """List as Alembic's `_list_py_dir` does, `__pycache__` folders included if sourceless."""
        entries = sorted(_scanned(folder), key=lambda entry: entry.name)
        folders: list[os.DirEntry[str]] = []
        files: list[os.DirEntry[str]] = []
        for entry in entries:
            (folders if _is_folder(entry) else files).append(entry)
        if not real.endswith("__pycache__"):
            inside = (
                f"{real}{os.sep}"  # resolving thousands of paths one by one would cost a second
            )
            for entry in files:
                yield os.path.realpath(entry) if entry.is_symlink() else inside + entry.name, entry
            for entry in self._compiled(folder, files) if self.sourceless else ():
                yield os.path.realpath(entry), entry
            if not self.recursive:
                return
        for entry in folders:
            if not entry.is_symlink():
                yield from self._listed(entry.path, os.path.join(real, entry.name))  # noqa: PTH118

    def _compiled(self, folder: str, files: list[os.DirEntry[str]]) -> list[os.DirEntry[str]]:
        """Return what `__pycache__` has and no file beside it has in source."""
        names = {entry.name.split(".")[0] for entry in files}
        compiled = _scanned(os.path.join(folder, "__pycache__"))  # noqa: PTH118
        return [entry for entry in compiled if entry.name.split(".")[0] not in names]

    def _is_revision(self, path: str) -> bool:
        name = path.rpartition(os.sep)[2]
        if not self.sourceless:
            return _SOURCE.match(name) is not None
        found = _SOURCELESS.match(name)
        if found is None or found[2] is None:
            return found is not None
        source = Path(path).with_name(found[1])
        compiled = source.with_name(source.name + "c")
        return not (source.exists() or (found[2] == "o" and compiled.exists()))


def _scanned(folder: str) -> list[os.DirEntry[str]]:
    """List a folder; one that is not there has nothing.

    Raises:
        MigrationError: it is there and cannot be read.
    """
    try:
        with os.scandir(folder) as scan:
            return list(scan)
    except (FileNotFoundError, NotADirectoryError):
        return []
    except OSError as error:
        raise MigrationError(
            f"{folder} cannot be read: {error.strerror}",
            remedy="mend the folder, its link or its permissions",
            code="broken-file",
        ) from error


def _is_folder(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_dir()
    except OSError:  # a link that leads to itself: reading it tells
        return False


def _is_plain(path: str) -> bool:
    """Tell whether a file is certainly a revision; a pattern takes longer to say so."""
    return path.endswith(".py") and "__init__" not in path and "/.#" not in path


def read_locations(settings: Settings) -> VersionLocations:
    """Return the folders that alembic.ini or `[tool.alembic]` names.

    Raises:
        SettingsError: there is no configuration, it is malformed, or names no folder that exists.
    """
    ini, toml = config_files(settings)
    file = ini or toml
    assert file is not None
    base = file.absolute().parent
    try:
        options = _Options(ini, toml)
        script, importable = options.get("script_location"), options.paths("prepend_sys_path")
        if not isinstance(script, str):
            raise _no_scripts("No 'script_location' key found in configuration", file)
        folder = _coerce(script, base, importable)
        if not folder.exists():
            raise _no_scripts(f"Path doesn't exist: {folder}", file)
        if not folder.is_dir():
            raise _no_scripts(f"{folder} is no folder", file)
        named = [_coerce(name, base, importable) for name in options.paths("version_locations")]
        return VersionLocations(
            base=base,
            script=folder,
            folders=tuple(str(path) for path in named or [folder / "versions"]),
            recursive=options.is_true("recursive_version_locations"),
            sourceless=options.is_true("sourceless"),
        )
    except (configparser.Error, ImportError, ValueError, TypeError, KeyError, OSError) as error:
        raise SettingsError(
            f"the Alembic configuration is malformed: {error}",
            remedy=f"correct {file}",
            code="alembic-config",
        ) from error


class _Options:
    """Options of alembic.ini, and of `[tool.alembic]` where the ini file has none."""

    def __init__(self, ini: Path | None, toml: Path | None) -> None:
        self._ini = configparser.ConfigParser(
            {"here": ini.absolute().parent.as_posix() if ini else "."}
        )
        if ini is not None:
            self._ini.read(str(ini), encoding="locale")
        self._table: dict[str, Any] = {}
        self._here = {"here": toml.absolute().parent.as_posix() if toml else "."}
        if toml is not None:
            self._table = toml_table(toml, "tool", "alembic")

    def get(self, name: str) -> object:
        """Return an option with `%(here)s` filled in: text, a list of texts, or None."""
        if self._ini.has_option(_SECTION, name):
            return self._ini.get(_SECTION, name)
        value = self._table.get(name)
        if isinstance(value, list):
            return [item % self._here for item in value]
        return value % self._here if isinstance(value, str) else value

    def is_true(self, name: str) -> bool:
        """Return a switch; in alembic.ini nothing but the word `true` turns it on."""
        if self._ini.has_option(_SECTION, name):
            return self._ini.get(_SECTION, name) == "true"
        value = self._table.get(name, False)
        if not isinstance(value, bool):
            raise TypeError(f"boolean value expected for TOML parameter {name!r}")
        return value

    def paths(self, name: str) -> list[str]:
        """Return a list of paths, split as the configuration says or as old versions did."""
        text = self._ini.get(_SECTION, name, fallback="")
        if not text:
            value = self.get(name) if name in self._table else None
            return [value] if isinstance(value, str) else [*(value or ())]  # type: ignore[misc]
        separator, old = self._ini.get(_SECTION, "path_separator", fallback=None), r", *|(?: +)|\:"
        if name == "version_locations":
            old = r", *|(?: +)"
            if separator is None:
                separator = self._ini.get(_SECTION, "version_path_separator", fallback=None)
        if separator is None:
            return re.split(old, text)
        if separator not in _SEPARATORS:
            raise ValueError(
                f"{separator!r} is not a valid path_separator; expected 'space', 'newline', 'os', ':', ';'"
            )
        return [part.strip() for part in text.split(_SEPARATORS[separator]) if part]


def _coerce(name: str, base: Path, importable: list[str]) -> Path:
    """Return the folder that a path or a `package:path` names."""
    if Path(name).is_absolute() or ":" not in name:
        return base / name
    package, *rest = name.split(":")
    homes = _package_folders(package, [str(base / entry) for entry in importable])
    folders = [home.joinpath(*rest) for home in homes]
    return next((folder for folder in folders if folder.exists()), folders[0])


def _package_folders(package: str, importable: list[str]) -> list[Path]:
    """Find a package's folders; nothing of the project is imported for it."""
    path: list[str] | None = None
    kept = sys.path[:]
    sys.path[:0] = importable
    try:
        name = ""
        for part in package.split("."):
            name = f"{name}.{part}" if name else part
            found = (finder.find_spec(name, path) for finder in sys.meta_path)
            spec = next((one for one in found if one is not None), None)
            path = list(spec.submodule_search_locations or ()) if spec is not None else []
            if not path:
                raise ModuleNotFoundError(f"no package named {name!r}")
    finally:
        sys.path[:] = kept
    return [Path(folder) for folder in path or ()]


def _no_scripts(text: str, file: Path) -> SettingsError:
    return SettingsError(
        f"script_location in the Alembic configuration: {text}",
        remedy=f"correct {file}",
        code="no-scripts",
    )
