"""Which table holds the applied revisions; remembered, so that reading it needs no Alembic.

Only env.py knows the table's name and schema, and env.py has to run to tell. What it told is
believed as long as env.py, what it imports of the project, and the Alembic configuration are the
same files, and as long as their text shows that nothing else decides.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from dbtasks import private_files
from dbtasks.errors import SettingsError
from dbtasks.state import State

if TYPE_CHECKING:
    from collections.abc import Iterable

    from dbtasks.settings import Settings

DEFAULT = "alembic_version"
_FORMAT = 1
_LITERAL = r"{name}\s*=\s*[\"']{value}[\"']"


@dataclass(frozen=True, kw_only=True)
class VersionTable:
    """The name of the version table, and its schema unless it is found on the search path."""

    table: str = DEFAULT
    schema: str | None = None


def recall(settings: Settings) -> VersionTable | None:
    """Return what env.py told when it ran last, None when that may not be true any more."""
    try:
        kept = json.loads(_path(settings).read_text(encoding="utf-8"))
        if kept["format"] != _FORMAT or kept["files"] != _identities(kept["files"]):
            return None
        return VersionTable(table=str(kept["table"]), schema=kept["schema"] and str(kept["schema"]))
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return None  # absent, of another version, or damaged: env.py tells again


def remember(settings: Settings, told: VersionTable, files: Iterable[Path]) -> None:
    """Keep what env.py told; `files` are all that may have decided on it."""
    files = [path.resolve() for path in files]
    document = {
        "format": _FORMAT,
        "table": told.table,
        "schema": told.schema,
        "files": _identities(str(path) for path in files),
    }
    try:
        path = State(settings).path(_path(settings).name)
        if not _is_evident(told, files):
            path.unlink(missing_ok=True)
            return
        private_files.write(path, json.dumps(document))
    except (OSError, SettingsError):
        return  # a read-only checkout has no memory


def _path(settings: Settings) -> Path:
    return State(settings).folder / f"{settings.label}.version-table.json"


def _identities(files: Iterable[str]) -> dict[str, list[int]]:
    """Return size, time of change and inode of each file."""
    found = {}
    for file in files:
        status = Path(file).stat()
        found[file] = [status.st_size, status.st_mtime_ns, status.st_ino]
    return found


def _is_evident(told: VersionTable, files: Iterable[Path]) -> bool:
    """Tell whether the files' text names the table itself, and leaves no choice to anything else."""
    text = "\n".join(path.read_text(encoding="utf-8", errors="replace") for path in files)
    if "search_path" in text:
        return False
    for name, value, default in (
        ("version_table", told.table, DEFAULT),
        ("version_table_schema", told.schema, None),
    ):
        uses = re.findall(rf"\b{name}\b", text)
        literal = re.findall(_LITERAL.format(name=name, value=re.escape(str(value))), text)
        if len(uses) != len(literal) or (value != default and not literal):
            return False
    return True
