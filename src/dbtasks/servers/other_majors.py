"""What a database has under several majors of PostgreSQL, and what to say about it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from dbtasks.errors import RefusedError, ServerError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from dbtasks.settings import Settings


@dataclass(frozen=True, kw_only=True)
class Data:
    """The data of one major: a volume or a folder.

    `moved_from` is the major that `db.upgrade-server` moved them from; they are not `complete` while
    it is at work, or was killed, and before the server on them has answered for the first time.
    """

    major: int
    where: str
    moved_from: int | None = None
    complete: bool = True


def command(settings: Settings, task: str, *arguments: object) -> str:
    """Return the command line of a task for these settings' kind of server."""
    words = [f"invoke {settings.label}.{task}", *map(str, arguments)]
    if settings.sources["server"] == "flag":
        words.append(f"--server {settings.server}")
    return " ".join(words)


def stay(settings: Settings, major: int, other: Data) -> str:
    """Say that data are there under another major than the one in use, and what may be done with them."""
    remove = command(settings, "destroy", "--postgres", other.major)
    text = f"data of PostgreSQL {other.major} stay in {other.where}; "
    if other.major < major:
        text += f"{command(settings, 'upgrade-server', '--to', major)} moves them, "
    return f"{text}{remove} removes them"


def tell_of_others(
    settings: Settings,
    major: int,
    data: Iterable[Data],
    say: Callable[[str], None],
    *,
    may_begin_empty: bool,
) -> None:
    """Say of the other majors' data that they stay, before a server is made with none.

    Raises:
        RefusedError: the major was raised where it is set for everybody, and nobody asked for a
            server without the data, with `--postgres` or by recreating one.
    """
    others = [other for other in data if other.major != major and other.complete]
    older = about_absent(settings, major, others)
    if older and settings.sources["postgres"] != "flag" and not may_begin_empty:
        raise RefusedError(
            f"there is no PostgreSQL {major} server yet, and this database has data of an older one:"
            f" {older.partition(';')[0]}",
            remedy=f"{command(settings, 'upgrade-server', '--to', major)} moves them;"
            f" {command(settings, 'init', '--postgres', major)} begins with an empty one beside them",
            code="older-data",
        )
    for other in others:
        say(stay(settings, major, other))


def about_absent(settings: Settings, major: int, data: Iterable[Data]) -> str | None:
    """Say of a server that is absent that the database is there under an older major."""
    older = [other for other in data if other.major < major and other.complete]
    if not older:
        return None
    newest = max(older, key=lambda other: other.major)
    move = command(settings, "upgrade-server", "--to", major)
    return f"its data are of PostgreSQL {newest.major}, in {newest.where}; {move} moves them"


def about_moved(settings: Settings, major: int, data: Iterable[Data]) -> str | None:
    """Say of a server in use that its data were moved to a newer major."""
    for other in data:
        if other.moved_from == major and other.complete:
            return (
                f"this is the server of before: its data were moved to PostgreSQL {other.major}"
                f" in {other.where}; set postgres = {other.major} ({settings.sources['postgres']})"
            )
    return None


def moving(settings: Settings, where: str) -> ServerError:
    """Return the error for a server that is not complete: an upgrade is at work, or was killed."""
    return ServerError(
        f"the data of an older PostgreSQL are being moved to {settings.postgres} in {where},"
        " or that was interrupted; nothing is lost, the old ones are as they were",
        remedy=f"{command(settings, 'upgrade-server', '--to', settings.postgres)} finishes it;"
        f" {command(settings, 'destroy', '--postgres', settings.postgres)} gives it up",
        code="upgrade-unfinished",
    )
