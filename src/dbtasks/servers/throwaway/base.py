"""What every kind of throwaway server keeps, and what one is ordered with."""

from __future__ import annotations

import secrets
from abc import ABC, abstractmethod
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, ClassVar

from dbtasks.errors import ServerError
from dbtasks.servers.base import wait_until_ready
from dbtasks.servers.throwaway.parameters import parameters

if TYPE_CHECKING:
    from collections.abc import Callable

    from dbtasks.servers.throwaway.owner import Owner
    from dbtasks.settings import Settings
    from dbtasks.url import DatabaseURL

_POLL = 0.02
PREFIX = "dbtasks-throwaway-"


@dataclass(frozen=True, kw_only=True)
class ThrowawayServer(ABC):
    """A PostgreSQL server that nobody will miss.

    `where` is the container's name or the server's folder; `url` leads to the database `postgres`,
    as superuser; `version` is such as `17.11`.
    """

    kind: ClassVar[str]
    where: str
    version: str
    url: DatabaseURL

    @property
    def handle(self) -> dict[str, str]:
        """All that another process needs, ready for JSON. It holds the password."""
        return {
            "kind": self.kind,
            "where": self.where,
            "version": self.version,
            "url": self.url.libpq(),
        }

    @abstractmethod
    def state(self) -> str:
        """Return `running` or `gone`."""

    @abstractmethod
    def log_lines(self, tail: int | None = None) -> list[str]:
        """Return the lines of the server's log, the last `tail` ones if given; none once it is removed."""

    @abstractmethod
    def remove(self) -> None:
        """End the server at once and remove all of it; one that is gone already is left alone."""


@dataclass(frozen=True, kw_only=True)
class Order:
    """One server to be made: under which name, for whom, with which password."""

    settings: Settings
    owner: Owner
    name: str
    password: str = field(repr=False)
    started: str
    say: Callable[[str], None]
    # Whether something of this name may be there and has to go first.
    replaces: bool = False
    # Whether the data have to outlive the server, so that they can be taken from it.
    on_disk: bool = False

    @classmethod
    def of(
        cls, settings: Settings, owner: Owner, say: Callable[[str], None], name: str = ""
    ) -> Order:
        """Return an order with a new password and, unless one is given, a name nobody else has."""
        return cls(
            settings=settings,
            owner=owner,
            name=PREFIX + (name or secrets.token_hex(6)),
            password=secrets.token_urlsafe(24),
            started=datetime.now(UTC).isoformat(timespec="seconds"),
            say=say,
            replaces=name != "",
        )

    @property
    def parameters(self) -> dict[str, str]:
        """The parameters of the server."""
        return parameters(self.settings.server_options)

    def settle(
        self,
        url: DatabaseURL,
        *,
        password: str,
        check_alive: Callable[[], None],
        log: Callable[[], list[str]],
    ) -> str:
        """Wait until the server answers, make the password of `url` its own, and return its version.

        `password` is the one it begins with.

        Raises:
            ServerError: `start-timeout` with the last log lines, or what `check_alive` raises.
        """
        from dbtasks import maintenance

        first = replace(url, password=password)
        timeout = self.settings.start_timeout
        try:
            wait_until_ready(
                first, timeout=timeout, say=lambda _: None, check_alive=check_alive, poll=_POLL
            )
        except ServerError as error:
            if error.code != "start-timeout":
                raise
            raise ServerError(
                error.message, remedy="raise start_timeout", code=error.code, details=log()
            ) from error
        if password != url.password:
            maintenance.change_password(first, url.password)
        return maintenance.server_version(url)


def died(what: str, log: list[str]) -> ServerError:
    """Return the error for a server that ended while it was starting, with its last words."""
    full = any("No space left on device" in line for line in log)
    return ServerError(
        f"{what} ended while it was starting" + (": no space left for its data" if full else ""),
        remedy="make room in memory and on the disk"
        if full
        else "mend what its last log lines say (server_options are given to it as they are)",
        code="died",
        details=log,
    )
