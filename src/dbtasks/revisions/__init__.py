"""The revision files of a project, read as source; neither Alembic nor the project is imported.

`read_history()` answers what `alembic heads` and `alembic history` do. Alembic runs every file for that; here
a file is run only where it computes its identifiers, and `History.computed` then names it.
"""

from __future__ import annotations

import errno
import os
import stat
from typing import TYPE_CHECKING, Any

from dbtasks.errors import MigrationError
from dbtasks.garbage import no_collections
from dbtasks.revisions.cache import RevisionCache
from dbtasks.revisions.history import History, MissingParent
from dbtasks.revisions.locations import read_locations
from dbtasks.revisions.source import RevisionSource
from dbtasks.state import State

if TYPE_CHECKING:
    from alembic.script import ScriptDirectory

    from dbtasks.revisions.locations import VersionLocations
    from dbtasks.settings import Settings

__all__ = ["History", "MissingParent", "RevisionSource", "read_history"]


def read_history(settings: Settings, *, check: bool = True, cache: bool = True) -> History:
    """Read the revision files of a project.

    Args:
        settings: the project's settings.
        check: stop when the files do not make up one sound history.
        cache: use what the state folder keeps from the last time, and keep this time's there.

    Raises:
        SettingsError: the Alembic configuration is missing, malformed or names no folder.
        MigrationError: a file is broken, or `History.check()` found something.
    """
    with no_collections():
        history = History(_read(settings, RevisionCache(State(settings) if cache else None)))
    if check:
        history.check()
    return history


def _read(settings: Settings, cache: RevisionCache) -> list[RevisionSource]:
    locations = read_locations(settings)
    found: list[RevisionSource | None] = []
    computed: dict[str, int] = {}
    for path, status in locations.files():
        known = cache.get(path, status) if status is not None else None
        if known is None:
            known = _read_file(path)
            if known is not None and status is not None:
                cache.put(known, status)
            if known is None:
                computed[path] = len(found)
        found.append(known)
    for path, told in zip(
        computed, _told_by_alembic(settings, locations, [*computed]), strict=True
    ):
        found[computed[path]] = told
    cache.save()
    return [one for one in found if one is not None]


def _read_file(path: str) -> RevisionSource | None:
    """Read one file, None if only Python can tell what it says."""
    if not path.endswith(".py"):
        return None
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
        try:
            if not stat.S_ISREG(os.fstat(descriptor).st_mode):  # a pipe would be waited for
                raise OSError(errno.EINVAL, "it is no plain file")
            size = os.fstat(descriptor).st_size
            data = os.read(descriptor, size + 1)
            while len(data) < size and (more := os.read(descriptor, size)):
                data += more
        finally:
            os.close(descriptor)
    except OSError as error:
        raise MigrationError(
            f"{path} cannot be read: {error.strerror}",
            remedy="mend the file, its link or its permissions",
            code="broken-file",
        ) from error
    from dbtasks.revisions.file import parse  # with a warm cache, nothing is parsed

    return parse(data, path)


def _told_by_alembic(
    settings: Settings, locations: VersionLocations, paths: list[str]
) -> list[RevisionSource]:
    """Let Alembic run the files that compute their identifiers, and nothing else."""
    if not paths:
        return []
    from alembic.config import Config

    from dbtasks.alembic_config import config_files
    from dbtasks.environment.files import read_scripts
    from dbtasks.environment.imports import imports_of
    from dbtasks.environment.surroundings import stdout_to_stderr

    ini, toml = config_files(settings)
    with imports_of(locations.base), stdout_to_stderr():
        script = read_scripts(Config(ini, toml_file=toml))
        return [_run(script, path) for path in paths]


def _run(script: ScriptDirectory, path: str) -> RevisionSource:
    from alembic.script import Script

    from dbtasks.environment.errors import origin, reason
    from dbtasks.revisions.file import source

    try:
        loaded = Script._from_path(script, path)  # noqa: SLF001
    except (Exception, SystemExit) as error:  # a revision file is a program and may raise anything
        raise MigrationError(
            f"{path} computes its identifiers, and raised {type(error).__name__}: {reason(error)}",
            remedy="write them as plain strings, or mend what the file imports",
            code="broken-file",
            details=origin(error),
        ) from error
    assert loaded is not None
    module = loaded.module
    names = ("down_revision", "branch_labels", "depends_on", "__doc__")
    found: dict[str, Any] = {name: getattr(module, name) for name in names if hasattr(module, name)}
    return source(path, {**found, "revision": loaded.revision}, computed=True)
