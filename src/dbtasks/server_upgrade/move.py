"""The two servers of an upgrade: what each kind does in its own way."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from dbtasks.state import State

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from dbtasks.servers import Server
    from dbtasks.settings import Settings
    from dbtasks.url import DatabaseURL


@dataclass(frozen=True, kw_only=True)
class Command:
    """How a client program of the new major is run: what comes before its arguments, and its environment.

    `environment` leads libpq to the server, password included; it is never shown.
    """

    argv: tuple[str, ...]
    environment: Mapping[str, str]
    secret: str


class Move(ABC):
    """The old server and the new one beside it, which is not in use before `complete`.

    Client programs are always those of the new major: pg_dump refuses servers newer than itself.
    """

    def __init__(
        self, settings: Settings, *, source: int, target: int, say: Callable[[str], None]
    ) -> None:
        self.settings, self.source, self.target, self.say = settings, source, target, say
        self.state = State(settings)
        self.old = self._open_old()
        self.new = self._open_new()

    @abstractmethod
    def _open_old(self) -> Server:
        """Return the server whose data are to be moved, left as it is as far as possible."""

    @abstractmethod
    def _open_new(self) -> Server:
        """Return the server that receives the data; `start` makes it, with a mark that it is incomplete."""

    @abstractmethod
    def discard(self) -> None:
        """Remove the incomplete new server and whatever an interrupted upgrade left."""

    @abstractmethod
    def begin(self, password: str) -> None:
        """Prepare the new server's first start: marks, and the password of before."""

    @abstractmethod
    def command(self, program: str, url: DatabaseURL) -> Command:
        """Return how to run a client program of the new major on the old or the new server at `url`."""

    @abstractmethod
    def complete(self) -> None:
        """Remove the mark: from now on the new server is the one in use.

        Nobody is connected to it, and the old one is stopped.
        """

    @abstractmethod
    def in_use(self) -> Server:
        """Return the new server as every later command will see it."""

    @property
    def lacks_extensions(self) -> str:
        """What to do about extensions that the new server does not have."""
        return "install them for the new major"


def of_major(settings: Settings, major: int, **changed: object) -> Settings:
    """Return the settings with another major that counts as asked for."""
    sources = {**settings.sources, "postgres": "flag"}
    return replace(settings, postgres=major, sources=sources, **changed)  # type: ignore[arg-type]
