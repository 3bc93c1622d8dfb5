"""The task that moves a server to another PostgreSQL major."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dbtasks.errors import UsageError
from dbtasks.tasks.declare import task
from dbtasks.values import SUPPORTED_MAJORS, major

if TYPE_CHECKING:
    from dbtasks.wiring import Session


@task(
    name="upgrade-server",
    help={
        "to": "the PostgreSQL major to move to",
        "from_": "the major to move from; the one in use when not given",
        "remove_old": "remove the old server's data when the new server is complete",
        "accept_differences": "switch though the comparison found differences",
    },
)
def _upgrade_server(
    session: Session,
    to: str = "",
    from_: str = "",
    remove_old: bool = False,
    accept_differences: bool = False,
) -> None:
    """Move the server's data to another PostgreSQL major, and keep the old ones."""
    session.show_upgrade(
        session.database.upgrade_server(
            _major(to, "--to"),
            source=_major(from_, "--from") if from_ else None,
            remove_old=remove_old,
            accept=accept_differences,
        )
    )


def _major(text: str, flag: str) -> int:
    try:
        return major(text)
    except ValueError:
        known = ", ".join(map(str, SUPPORTED_MAJORS))
        given = f"{flag} {text} is no" if text else f"{flag} is missing: it wants a"
        raise UsageError(
            f"{given} PostgreSQL major that dbtasks knows ({known})", remedy=f"write {flag} MAJOR"
        ) from None
