"""What `db.upgrade-server` leaves: a half-filled new server when it was killed, old data when it was not."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dbtasks.doctor.finding import Finding
from dbtasks.doctor.state_folder import is_free

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from dbtasks.settings import Settings


def is_upgraded(folder: Path, stem: str) -> bool:
    """Tell whether an upgrade of this server, whatever its major, is at work."""
    return not is_free(folder / f"{stem}.upgrade.lock")


def interrupted(where: str, major: str, command: Callable[..., str]) -> Finding:
    """Return the finding for a new server that is not filled; `command` names a task's command line."""
    return Finding(
        code="upgrade-interrupted",
        message=f"db.upgrade-server was interrupted while it moved data to PostgreSQL {major} in {where};"
        " the old data are as they were",
        remedy=f"{command('upgrade-server', '--to', major)} finishes it;"
        f" {command('destroy', '--postgres', major)} gives it up",
    )


def other_major(
    where: str,
    major: str,
    settings: Settings,
    command: Callable[..., str],
    *,
    moved_from: str = "",
    moved_to: str = "",
    is_only: bool = False,
) -> Finding:
    """Return the note on data of another major than the one that is set.

    `moved_from` and `moved_to` are the majors that an upgrade moved them from, or to; `is_only` tells
    that there are none of the major that is set.
    """
    remove = f"{command('destroy', '--postgres', major)} removes them"
    if moved_to:
        message = f"{where} keeps data of PostgreSQL {major}, which were moved to {moved_to}"
        return Finding(code="old-data", message=message, remedy=remove, note=True)
    message = f"{where} has data of PostgreSQL {major}, and postgres = {settings.postgres} is set"
    if moved_from == str(settings.postgres):
        return Finding(
            code="moved-data",
            message=f"{message}; they were moved there from {moved_from}",
            remedy=f"set postgres = {major} ({settings.sources['postgres']})",
        )
    if is_only and int(major) < settings.postgres:
        move = command("upgrade-server", "--to", str(settings.postgres))
        remove = f"{move} moves them; {remove}"
    return Finding(code="other-major", message=message, remedy=remove, note=True)
