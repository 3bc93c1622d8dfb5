"""What may be done to which server: the one place that decides; others ask, print and obey.

A server that dbtasks did not make counts as production. That is known from where its address comes
from, never from a host's name: a URL that somebody set is somebody's server, on 127.0.0.1 too. Ours
are `docker` and `local`, which carry the marks of dbtasks (labels of container and volume, a file in
the data folder), and `compose`: that service is described in the project's own compose file, dbtasks
starts it there, and its volume belongs to the compose project, which is what a developer throws away.
Throwaway servers, and databases made beside the one that `throwaway_url` names, are no targets.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

from dbtasks.errors import RefusedError, UsageError

if TYPE_CHECKING:
    from collections.abc import Callable

    from dbtasks.settings import Settings
    from dbtasks.url import DatabaseURL

FLAG = "--yes-destroy"


@dataclass(frozen=True, kw_only=True)
class Target:
    """The database that a command would change.

    `owned` says whether dbtasks made its server; `source` which setting the address comes from.
    """

    url: DatabaseURL
    owned: bool
    source: str

    def __str__(self) -> str:
        text = f'database "{self.url.database}" at {self.url.place}'
        return text if self.owned else f"{text} (its URL is from {self.source})"


@dataclass(frozen=True, kw_only=True)
class Consent:
    """The name of a database that somebody gave, with the flag or `typed` at a terminal.

    An empty `name` given with the flag counts as none.
    """

    name: str = ""
    typed: bool = False


Agree: TypeAlias = "Callable[[Target], Consent]"


def needs_name(target: Target, consent: Consent) -> bool:
    """Tell whether somebody still has to name the database before it loses anything."""
    return not target.owned and not (consent.name or consent.typed)


def check(target: Target, operation: str, consent: Consent) -> None:
    """Return if `operation`, which loses something, may be done to the target.

    `operation` says what would happen, as in "undo revisions of". On a server of our own nothing has
    to be named, but a name that is given has to be the right one there too: its giver meant another
    database.

    Raises:
        RefusedError: with code `external`, nobody named the database; with `other-name`, somebody
            named another one.
    """
    if needs_name(target, consent):
        raise RefusedError(
            f"refused to {operation} {target}: dbtasks did not make that server,"
            " and nothing was changed",
            remedy=f"type the database's name at a terminal, or pass it with {FLAG} NAME;"
            " --yes does not suffice there",
            code="external",
        )
    check_name(str(target), target.url.database, operation, consent)


def check_name(what: str, database: str, operation: str, consent: Consent) -> None:
    """Return if nobody named a database, or this one, for an `operation` on `what` it is in.

    Raises:
        RefusedError: with code `other-name`, somebody named another one.
    """
    if (consent.name or consent.typed) and consent.name != database:
        given = "was typed" if consent.typed else f"was given with {FLAG}"
        raise RefusedError(
            f'refused to {operation} {what}: the name that {given} is "{consent.name}",'
            " and nothing was changed",
            remedy="check which database is meant (invoke db.status), and give exactly its name",
            code="other-name",
        )


def check_call(settings: Settings, url: DatabaseURL, operation: str, name: str) -> None:
    """Return if `operation` may be done to the database at `url` by a caller in Python.

    The database that the settings' URL leads to is on a server of somebody else's, and has to be
    named there; any other comes from a server of dbtasks' own, or is one that it made.

    Raises:
        RefusedError: it was not named, code `external`; or another one was, code `other-name`.
    """
    if settings.url is None or settings.server not in {"auto", "external"}:
        return
    if _address(settings.url) != _address(url) or name == url.database:
        return
    target = Target(url=url, owned=False, source=settings.sources["url"])
    why = f'yes_destroy is "{name}"' if name else "dbtasks did not make that server"
    raise RefusedError(
        f"refused to {operation} {target}: {why}, and nothing was changed",
        remedy="if that is the database meant, give its name: Migrator(settings, url, yes_destroy=NAME)",
        code="other-name" if name else "external",
    )


def not_ours(target: Target, verb: str, without: str) -> RefusedError:
    """Return the refusal to stop or destroy a whole server, which no name makes possible.

    `without` says how to get a server of dbtasks' own instead.
    """
    return RefusedError(
        f"refused to {verb} the external server {target.url.place} with database"
        f' "{target.url.database}" (its URL is from {target.source}): dbtasks did not make it',
        remedy=f"{verb} it where it runs; for a server of dbtasks' own {without}",
        code="external",
    )


def check_throwaway(settings: Settings) -> None:
    """Return if `throwaway_url` may be what it says: a server where databases come and go.

    It allows dbtasks to make databases beside the one that it names, so the named one itself is
    never touched, and another database of the server that `url` leads to is a clear word, such as
    the service container of a CI job. The very same database is not: that is the application's URL
    copied, and revisions that run beside an application's data still create roles and take the
    server's time. Whatever is this machine (loopback, a socket) is one host here.

    Raises:
        UsageError: `throwaway_url` and `url` name the same host, port and database.
    """
    url, throwaway = settings.url, settings.throwaway_url
    if url is None or throwaway is None or _address(url) != _address(throwaway):
        return
    raise UsageError(
        f'throwaway_url ({settings.sources["throwaway_url"]}) names database "{url.database}" at'
        f" {url.place}, and so does url ({settings.sources['url']}), whose data are not to be thrown away",
        remedy="if databases may be made on that server, let throwaway_url name another one there,"
        " such as postgres; else leave it out",
        code="throwaway-url",
    )


def _address(url: DatabaseURL) -> tuple[str, int, str]:
    return ("localhost" if url.is_local else url.host.lower(), url.port, url.database)
