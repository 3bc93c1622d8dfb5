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
        entries = toml_file.entries(path, "accepted", _KEYS)
        return tuple(_entry(number, one) for number, one in enumerate(entries, 1))
    except toml_file.UnreadableError as error:
        raise SettingsError(
            f"{path}: {error}",
            remedy="write [[accepted]] with code, message or operation, and reason",
            code="accepted-drift",
        ) from error


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


def _entry(number: int, given: dict[str, Any]) -> Accepted:
    toml_file.check_texts(number, given, required=("code", "reason"))
    if "message" not in given and "operation" not in given:
        raise toml_file.UnreadableError(f"entry {number} has neither message nor operation")
    return Accepted(**given)
