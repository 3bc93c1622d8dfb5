"""A development database moved to another PostgreSQL major: dumped, restored beside, compared, switched."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from dbtasks import maintenance
from dbtasks.server_upgrade import census, plan, setting_line
from dbtasks.server_upgrade.steps import Done, Upgrade
from dbtasks.servers import other_majors

if TYPE_CHECKING:
    from collections.abc import Callable

    from dbtasks.server_upgrade.setting_line import SettingLine
    from dbtasks.server_upgrade.steps import MovedDatabase
    from dbtasks.servers import Server


@dataclass(frozen=True, kw_only=True)
class ServerUpgrade:
    """What an upgrade did; `databases` is empty if everything had been moved before.

    `old` is where the data of before are, None when they were removed; `remove` the command that
    removes them; `setting` where the major has to be, or was, changed; `differences` what was
    accepted.
    """

    source: int
    target: int
    version: str
    where: str
    databases: tuple[MovedDatabase, ...]
    old: str | None
    remove: str | None
    setting: SettingLine | None
    differences: tuple[str, ...]
    seconds: float


def upgrade_server(
    server: Server,
    target: int,
    *,
    source: int | None = None,
    remove_old: bool = False,
    accept: bool = False,
    say: Callable[[str], None] = lambda _: None,
) -> ServerUpgrade:
    """Move the data of a project's server to PostgreSQL `target`, one process at a time.

    `source` is the major to move from, the one in use if not given; with `remove_old` its data are
    removed when the new server is complete. `accept` switches to the new server though the
    comparison found differences.

    Raises:
        RefusedError: dbtasks did not make the server, or there is one of the new major already.
        UsageError: it would be a downgrade.
        ServerError: there is nothing to move, or a step failed.
    """
    begun = time.monotonic()
    settings = server.settings
    kind = plan.kind_of(server, target)
    stem = settings.key.removesuffix(f"-pg{settings.postgres}")
    with server.state.lock(f"{stem}.upgrade", last=True):
        data = server.data_of_majors()

        def is_empty() -> bool:
            there = kind(settings, source=target, target=target, say=say)
            return census.is_empty(there.in_use().start())

        choice = plan.choose(settings, data, target, source, is_empty)
        found = choice.source
        move = kind(settings, source=found.major, target=target, say=say)
        if choice.replaces:
            say(f"replace: removing the empty PostgreSQL {target} server")
            move.in_use().destroy()
        if choice.done:
            version = maintenance.server_version(move.in_use().start())
            did = Done(version=version, setting=setting_line.change(settings, target))
        else:
            did = Upgrade(move, say, accept=accept).run()
        kept = any(one.major == found.major for one in data)
        if kept and remove_old:
            say(f"remove-old: removing the data of PostgreSQL {found.major}")
            move.old.destroy()
            kept = False
        remove = other_majors.command(settings, "destroy", "--postgres", found.major)
        return ServerUpgrade(
            source=found.major,
            target=target,
            version=did.version,
            where=move.in_use().status().where,
            databases=did.databases,
            old=found.where if kept else None,
            remove=remove if kept else None,
            setting=did.setting,
            differences=did.differences,
            seconds=round(time.monotonic() - begun, 3),
        )
