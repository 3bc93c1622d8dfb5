"""The local kind: the new server's folder gets its name when everything is in it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dbtasks.errors import ServerError
from dbtasks.server_upgrade.move import Command, Move, of_major
from dbtasks.servers.account import server_environment
from dbtasks.servers.local import LocalServer

if TYPE_CHECKING:
    from dbtasks.url import DatabaseURL


class LocalMove(Move):
    """Client programs are those beside the new server's initdb."""

    old: LocalServer
    new: LocalServer

    def _open_old(self) -> LocalServer:
        # A port that is set is needed by nobody else before the end.
        return LocalServer(of_major(self.settings, self.source), self.say)

    def _open_new(self) -> LocalServer:
        settings = of_major(self.settings, self.target, port=None)
        return LocalServer(settings, self.say, beside=True)

    def discard(self) -> None:
        """Remove the folder that is not in use."""
        self.new.destroy()

    def begin(self, password: str) -> None:
        """Keep the password for the new server, under both names of its folder."""
        for server in (self.new, self.in_use()):
            server.state.keep_password(server.cluster().folder.name, password)

    def command(self, program: str, url: DatabaseURL) -> Command:
        """Run the program of the new server's binaries as ourselves."""
        environment = {**server_environment(), **url.environ()}
        return Command(
            argv=(self.new.program(program),), environment=environment, secret=url.password
        )

    def complete(self) -> None:
        """Stop the new server, and give its folder the name of one in use."""
        self.new.stop()
        cluster, target = self.new.cluster(), self.in_use().cluster()
        try:
            cluster.become(target, moved_from=self.source)
        except OSError as error:
            raise ServerError(
                f"{cluster.folder} cannot be renamed to {target.folder.name}: {error.strerror}",
                remedy="mend that, then run this again",
                code="upgrade",
            ) from error
        self.new.state.forget(cluster.folder.name)

    def in_use(self) -> LocalServer:
        """Return the server of the new major, on the port that is set."""
        return LocalServer(of_major(self.settings, self.target), self.say)

    @property
    def lacks_extensions(self) -> str:
        """Other binaries."""
        return "let postgres_bin (DBTASKS_POSTGRES_BIN) name binaries that have them"
