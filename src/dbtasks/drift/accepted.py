"""The drift that a team has accepted: `accepted_drift.toml` beside env.py, each entry with a reason.

    [[accepted]]
    code = "remove_table"
    message = "table legacy_import is in the database and not in the models"
    reason = "filled by the import job, which is not ours"

An entry matches by `code` together with the exact `message`, the exact `operation`, or both.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from dbtasks import toml_file
from dbtasks.errors import SettingsError
from dbtasks.results import Difference

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

FILE_NAME = "accepted_drift.toml"
_KEYS = ("code", "message", "operation", "reason")


@dataclass(frozen=True, kw_only=True)
class Accepted:
    """One entry; `message` or `operation` is None where it does not matter."""

    code: str
    reason: str
    message: str | None = None
    operation: str | None = None

    def matches(self, found: Difference) -> bool:
        """Tell whether this entry is about the difference."""
        return (
            self.code == found.code
            and self.message in {None, found.message}
            and self.operation in {None, found.operation}
        )


def read_accepted(path: Path) -> tuple[Accepted, ...]:
    """Read the file; a file that does not exist accepts nothing.

    Raises:
        SettingsError: the file cannot be read, or an entry lacks a reason or what it matches.
    """
    try:
        document = toml_file.read(path)
    except FileNotFoundError:
        return ()
    except toml_file.UnreadableError as error:
        raise _malformed(path, f"cannot be read: {error}") from error
    entries = document.pop("accepted", [])
    if document or not isinstance(entries, list):
        unknown = ", ".join(document) or "accepted, which is no list of tables,"
        raise _malformed(path, f"has {unknown} where only [[accepted]] may be")
    return tuple(_entry(path, number, one) for number, one in enumerate(entries, 1))


def without_accepted(
    found: Iterable[Difference], accepted: Iterable[Accepted], path: Path
) -> tuple[Difference, ...]:
    """Return what nobody accepted, and a finding for each entry that matches nothing."""
    found, accepted = tuple(found), tuple(accepted)
    left = [one for one in found if not any(entry.matches(one) for entry in accepted)]
    stale = [entry for entry in accepted if not any(entry.matches(one) for one in found)]
    return (*left, *(_stale(entry, path) for entry in stale))


def _stale(entry: Accepted, path: Path) -> Difference:
    return Difference(
        code="stale-acceptance",
        message=f"{path.name} accepts {entry.code} ({entry.message or entry.operation}), which no longer occurs; remove the entry",
        operation="",
        path=str(path),
    )


def _entry(path: Path, number: int, given: Any) -> Accepted:
    if not isinstance(given, dict):
        raise _malformed(path, f"entry {number} is no table")
    unknown = [key for key in given if key not in _KEYS]
    if unknown:
        raise _malformed(path, f"entry {number} has the unknown key {unknown[0]}")
    for key, value in given.items():
        if not isinstance(value, str) or not value.strip():
            raise _malformed(path, f"entry {number} has a {key} that is no text")
    for key in ("code", "reason"):
        if key not in given:
            raise _malformed(path, f"entry {number} has no {key}")
    if "message" not in given and "operation" not in given:
        raise _malformed(path, f"entry {number} has neither message nor operation")
    return Accepted(**given)


def _malformed(path: Path, what: str) -> SettingsError:
    return SettingsError(
        f"{path}: {what}",
        remedy="write [[accepted]] with code, message or operation, and reason",
        code="accepted-drift",
    )
