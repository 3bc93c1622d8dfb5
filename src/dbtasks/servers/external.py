"""A server that somebody else runs: reached by a URL, never started, stopped or destroyed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dbtasks import maintenance, policy
from dbtasks.errors import ServerError, SettingsError
from dbtasks.results import ServerStatus
from dbtasks.servers.base import Server, wait_until_ready

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from dbtasks.errors import RefusedError
    from dbtasks.settings import Settings
    from dbtasks.url import DatabaseURL


class ExternalServer(Server):
    """The server at `settings.url`; it counts as production.

    Raises:
        SettingsError: no URL is set.
    """

    kind = "external"
    owned = False

    def __init__(self, settings: Settings, say: Callable[[str], None] = lambda _: None) -> None:
        super().__init__(settings, say)
        if settings.url is None:
            raise SettingsError(
                "server = external needs the URL of a database, and none is set",
                remedy="set DATABASE_URL to postgresql://USER:PASSWORD@HOST:5432/DATABASE, "
                "or choose another server (docker, compose, local)",
                code="no-url",
            )
        self.url = settings.url
        self.source = settings.sources["url"]

    def status(self) -> ServerStatus:
        """Connect once; a server that answers is running, even when it refuses us."""
        state = "running"
        try:
            with maintenance.look(self.url):
                pass
        except ServerError as error:
            if error.code == "unreachable":
                state = "unreachable"
        return ServerStatus(kind=self.kind, state=state, where=self.url.place, url=self.url)

    def start(self) -> DatabaseURL:
        """Connect once and return the address; there is nothing to start.

        Raises:
            ServerError: nothing answers there, or it refuses the role.
        """
        try:
            with maintenance.look(self.url) as connection:
                connection.execute("SELECT 1")
        except ServerError as error:
            if error.code == "unreachable":
                raise self._unreachable(error) from error
            if error.code == "password":
                raise self._refused(error) from error
            if error.code != "database-missing":
                raise
        return self.url

    def address(self) -> DatabaseURL:
        """Return the address after one connection, which tells exactly what is wrong, if anything."""
        return self.start()

    def wait(self, timeout: float) -> DatabaseURL:
        """Connect again and again until the server answers."""
        try:
            wait_until_ready(self.url, timeout=timeout, say=self.say)
        except ServerError as error:
            if error.code == "password":
                raise self._refused(error) from error
            if not isinstance(error.__cause__, ServerError):
                raise
            raise ServerError(
                f"waited {timeout:g} s for the external server: {error.__cause__.message}",
                remedy=self._unreachable(error).remedy,
                code=error.code,
            ) from error
        return self.url

    def stop(self) -> None:
        """Refuse: whoever started the server stops it."""
        raise self._refusal("stop")

    def destroy(self) -> None:
        """Refuse: a server that dbtasks did not make counts as production."""
        raise self._refusal("destroy")

    def logs(self, *, tail: int | None = None, follow: bool = False) -> Iterator[str]:  # noqa: ARG002
        """Fail: the log is kept where the server runs."""
        raise ServerError(
            f"the log of the external server {self.url.place} is not within reach of dbtasks",
            remedy="read it where the server runs",
            code="no-logs",
        )

    def _refused(self, error: ServerError) -> ServerError:
        return ServerError(
            error.message,
            remedy=f"check the user and the password in the URL (from {self.source})",
            code=error.code,
        )

    def _unreachable(self, error: ServerError) -> ServerError:
        remedy = f"check the address (the URL is from {self.source}) and that the server runs"
        if self.url.is_local:
            remedy = (
                f"start it there, or let dbtasks run a server: {_without(self.source)} "
                "and set DBTASKS_SERVER=docker or DBTASKS_SERVER=local"
            )
        return ServerError(error.message, remedy=remedy, code=error.code)

    def _refusal(self, verb: str) -> RefusedError:
        target = policy.Target(url=self.url, owned=self.owned, source=self.source)
        return policy.not_ours(target, verb, _without(self.source))


def _without(source: str) -> str:
    """Say how to take the URL out of the layer that set it."""
    if source == "flag":
        return "leave out the URL flag"
    if source.isupper():  # a variable of the environment
        return f"unset {source}"
    return f"remove url from {source}"
