"""What may be moved from which major to which, and what to say if not; pure but for the kinds' modules."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, NamedTuple

from dbtasks import policy
from dbtasks.errors import RefusedError, ServerError, UsageError
from dbtasks.servers import other_majors

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from dbtasks.server_upgrade.move import Move
    from dbtasks.servers import Server
    from dbtasks.servers.other_majors import Data
    from dbtasks.settings import Settings

_KINDS = {"docker": "DockerMove", "local": "LocalMove"}
_SHOWN = 20


class Choice(NamedTuple):
    """The data to move, whether they were moved before, and whether an empty server is in the way."""

    source: Data
    done: bool = False
    replaces: bool = False


def kind_of(server: Server, target: int) -> type[Move]:
    """Return how servers of this kind are moved.

    Raises:
        RefusedError: they are not: the server is somebody else's, or the compose file says which it is.
    """
    settings = server.settings
    if not server.owned:
        url = server.status().url
        assert url is not None
        target_ = policy.Target(url=url, owned=False, source=settings.sources["url"])
        raise RefusedError(
            f"refused to upgrade the external server {url.place} (its URL is from {target_.source}):"
            " dbtasks did not make it",
            remedy="upgrade it where it runs (postgresql.org/docs/current/upgrading.html)",
            code="external",
        )
    if server.kind not in _KINDS:
        from dbtasks.server_upgrade.compose_steps import refusal

        raise refusal(settings, target)
    module = importlib.import_module(f"dbtasks.server_upgrade.{server.kind}")
    found: type[Move] = getattr(module, _KINDS[server.kind])
    return found


def choose(
    settings: Settings,
    data: Sequence[Data],
    target: int,
    source: int | None,
    is_empty: Callable[[], bool],
) -> Choice:
    """Choose the data to move.

    `is_empty` tells of the server of the new major, which is complete, whether nothing is in it; such
    a one, as `db.start` makes it, is replaced.

    Raises:
        UsageError: code `downgrade`; the data are of a newer major.
        ServerError: code `no-data`; there are none of `source`, or none at all.
        RefusedError: code `target-exists`; there is a server of the new major that nothing was moved into.
    """
    complete = {one.major: one for one in data if one.complete}
    there = complete.pop(target, None)
    if there is not None:
        if there.moved_from is not None and source in {None, there.moved_from}:
            before = complete.get(there.moved_from)
            return Choice(before or other_majors.Data(major=there.moved_from, where=""), done=True)
        if not complete:
            raise ServerError(
                f"the server is PostgreSQL {target} already, in {there.where}",
                remedy="there is nothing to do",
                code="nothing-to-upgrade",
            )
    found = _source(complete, settings.postgres, target, source)
    if found is None:
        wanted = "an older PostgreSQL" if source is None else f"PostgreSQL {source}"
        raise ServerError(
            f"there are no data of {wanted} to move to {target}",
            remedy=f"{other_majors.command(settings, 'init', '--postgres', target)} makes a new database",
            code="no-data",
        )
    if found.major > target:
        raise UsageError(
            f"the data are of PostgreSQL {found.major}, and none can be moved back to {target}:"
            " pg_dump refuses servers newer than itself, and older servers do not understand newer dumps",
            remedy=f"begin anew with {other_majors.command(settings, 'init', '--postgres', target)};"
            f" the data of {found.major} stay",
            code="downgrade",
        )
    if there is not None and not is_empty():
        raise RefusedError(
            f"there is a PostgreSQL {target} server already, in {there.where}, which is not overwritten",
            remedy=f"if nothing in it is needed, {other_majors.command(settings, 'destroy', '--postgres', target)}"
            " removes it; then run this again",
            code="target-exists",
        )
    return Choice(found, replaces=there is not None)


def _source(complete: dict[int, Data], used: int, target: int, source: int | None) -> Data | None:
    """Return what is to be moved: what was asked for, what is in use, else the newest that is older."""
    if source is not None:
        return complete.get(source)
    if used in complete:
        return complete[used]
    older = [major for major in complete if major < target]
    return complete[max(older or complete)] if complete else None


def extensions_missing(move: Move, database: str, names: Sequence[str]) -> ServerError:
    """Return the error for extensions that the new server does not offer."""
    what = "extension" if len(names) == 1 else "extensions"
    return ServerError(
        f"PostgreSQL {move.target} as it is here does not offer the {what} {', '.join(names)},"
        f" which database {database} uses",
        remedy=f"{move.lacks_extensions}, or drop what needs them on the old server; then run this again",
        code="extension-missing",
    )


def differs(settings: Settings, target: int, found: Sequence[str]) -> ServerError:
    """Return the error for a copy that is not like the original."""
    more = [f"and {len(found) - _SHOWN} more"] if len(found) > _SHOWN else []
    again = other_majors.command(settings, "upgrade-server", "--to", target, "--accept-differences")
    return ServerError(
        f"what was restored on PostgreSQL {target} differs from the original in {len(found)}"
        f" {'place' if len(found) == 1 else 'places'}; the old server is as it was",
        remedy=f"if PostgreSQL only writes the same otherwise, {again} switches all the same",
        code="upgrade-differs",
        details=[*found[:_SHOWN], *more],
    )


def failed(error: Exception) -> ServerError:
    """Return the error for what a server refused, or for one that went away."""
    lines = str(error).strip().splitlines() or [type(error).__name__]
    return ServerError(
        f"the upgrade failed: {lines[0]}",
        remedy="see invoke db.logs, then run this again; the old server is as it was",
        code="upgrade",
        details=lines[1:],
    )
