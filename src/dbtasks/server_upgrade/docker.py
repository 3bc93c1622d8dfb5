"""The docker kind: two containers, and a volume that is marked until everything is in the new one."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
from typing import TYPE_CHECKING

from python_on_whales.exceptions import NoSuchContainer

from dbtasks.server_upgrade.move import Command, Move, of_major
from dbtasks.servers import docker_plan as plan
from dbtasks.servers import engine
from dbtasks.servers.container import POSTGRES_PORT, docker_errors
from dbtasks.servers.docker import DockerServer
from dbtasks.servers.docker_objects import DockerObjects
from dbtasks.servers.ports import LOOPBACK

if TYPE_CHECKING:
    from dbtasks.settings import Settings
    from dbtasks.url import DatabaseURL

_VARIABLES = ("PGHOST", "PGPORT", "PGUSER", "PGPASSWORD", "PGDATABASE")


class DockerMove(Move):
    """Client programs run in the new server's container, or in one of its image in the old one's network."""

    old: DockerServer
    new: DockerServer

    def _open_old(self) -> DockerServer:
        return DockerServer(self._old_settings(), self.say)

    def _open_new(self) -> DockerServer:
        # A port that is set is the old server's until the end.
        settings = of_major(self.settings, self.target, port=None)
        return DockerServer(settings, self.say, moving_from=self.source)

    def _old_settings(self) -> Settings:
        """Return the settings of before, by the container's labels: it is not to be made anew."""
        settings = of_major(self.settings, self.source)
        with docker_errors("the old container cannot be looked at"):
            seen = DockerObjects(settings, self.state, self.say).look()
        if seen is None:
            return settings
        options = json.loads(seen.labels.get("dbtasks.options") or "{}")
        image = seen.labels.get("dbtasks.image") or settings.image
        return of_major(self.settings, self.source, image=image, port=None, server_options=options)

    def discard(self) -> None:
        """Remove the container and the volume of the new major, and then the mark."""
        objects = self._objects
        with (
            docker_errors(f"container {self._client} cannot be removed"),
            contextlib.suppress(NoSuchContainer),
        ):
            objects.docker.container.remove(self._client, force=True, volumes=True)
        self.new.destroy()
        with docker_errors("the mark of the upgrade cannot be removed"):
            objects.mark_moved()

    def begin(self, password: str) -> None:
        """Keep the password for the new server."""
        self.new.state.keep_password(self._objects.secret, password)

    def command(self, program: str, url: DatabaseURL) -> Command:
        """Run in the new container, or beside the old one."""
        server = self.new if url.port == self.new.address().port else self.old
        objects = DockerObjects(server.settings, server.state, self.say)
        with docker_errors("the container cannot be looked at"):
            seen = objects.look()
        assert seen is not None
        client = shutil.which("docker")
        if client is None:
            raise engine.no_client()
        names = [word for name in _VARIABLES for word in ("--env", name)]
        if server is self.new:
            argv = [client, "exec", "--interactive", *names, seen.id, program]
        else:
            argv = [client, "run", "--rm", "--interactive", "--pull", "never", *names]
            argv += ["--name", self._client, "--network", f"container:{seen.id}"]
            for label, value in plan.volume_labels(self.new.settings).items():
                argv += ["--label", f"{label}={value}"]
            argv += ["--no-healthcheck", "--entrypoint", program]
            argv += [plan.image_name(self.new.settings)]
        port = int(seen.env.get("PGPORT") or POSTGRES_PORT)
        libpq = {**url.environ(), "PGHOST": LOOPBACK, "PGPORT": str(port)}
        environment = {name: value for name, value in os.environ.items() if name[:2] != "PG"}
        return Command(argv=tuple(argv), environment={**environment, **libpq}, secret=url.password)

    def complete(self) -> None:
        """Remove the volume that is the mark."""
        with docker_errors("the mark of the upgrade cannot be removed"):
            self._objects.mark_moved()

    def in_use(self) -> DockerServer:
        """Return the server of the new major, on the port that is set."""
        return DockerServer(of_major(self.settings, self.target), self.say)

    @property
    def lacks_extensions(self) -> str:
        """An image that has them, or a database without."""
        return "let image (DBTASKS_IMAGE) name one that has them"

    @property
    def _objects(self) -> DockerObjects:
        return DockerObjects(self.new.settings, self.state, self.say, moving_from=self.source)

    @property
    def _client(self) -> str:
        return f"dbtasks-{self.new.settings.key}-client"
