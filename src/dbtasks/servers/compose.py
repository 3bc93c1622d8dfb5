"""The compose kind: a service of the project's own compose file."""

from __future__ import annotations

import contextlib
import functools
import shutil
from typing import TYPE_CHECKING

from python_on_whales.exceptions import DockerException, NoSuchContainer

from dbtasks.errors import ServerError
from dbtasks.results import ServerStatus
from dbtasks.servers import compose_data, compose_file, compose_volumes, engine
from dbtasks.servers.base import Server, wait_until_ready
from dbtasks.servers.container import (
    PullProgress,
    Seen,
    docker_errors,
    password_misfit,
    port_taken,
    psql_inside,
    refused_port,
    watch,
)
from dbtasks.servers.container_log import dead, log_lines
from dbtasks.servers.ports import LOOPBACK
from dbtasks.url import DatabaseURL

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from python_on_whales import DockerClient

    from dbtasks.settings import Settings

_STOP_TIMEOUT = 60
_ONE_OFF = "com.docker.compose.oneoff"


class ComposeServer(Server):
    """PostgreSQL as a service of the compose file; everything about it is asked of Compose."""

    kind = "compose"

    def __init__(self, settings: Settings, say: Callable[[str], None] = lambda _: None) -> None:
        super().__init__(settings, say)
        self._docker = compose_file.client(settings)

    def status(self) -> ServerStatus:
        """Look at the service's container."""
        service = self._service
        with docker_errors(f"service {service.name} cannot be looked at"):
            seen = self._look()
            state = seen.state if seen else "absent"
            url = None
            if seen is not None and seen.address is not None and state in {"running", "paused"}:
                url = self._url(seen)
            database = url.database if url else self._database(seen)
        where = f"service {service.name} of compose project {service.project}"
        return ServerStatus(
            kind=self.kind, state=state, where=where, url=url, database=database or None
        )

    def start(self) -> DatabaseURL:
        """Start the service with what it depends on."""
        service = self._service
        if not service.publishes:
            raise self._no_port()
        with self._working("started"):
            seen = self._look()
            compose_data.check_not_hidden(self._docker, service, seen)
            self._unpause(seen)
            self._up(self._docker, [service.name])
            return self._wait()

    def start_all(self) -> DatabaseURL:
        """Start every service of the project as `docker compose up` does, and the database."""
        service = self._service  # a wrong file is reported before anything starts
        plain = compose_file.client(self.settings, every_profile=False)
        with self._working("started"):
            compose_data.check_not_hidden(self._docker, service, self._look())
            self._up(plain, None)
        return self.start()

    def stop(self) -> None:
        """Stop the service, and keep its container and volumes."""
        with self._working("stopped"):
            self._unpause(self._look())
            self.say(f"stopping service {self._service.name}")
            self._docker.compose.stop([self._service.name], timeout=_STOP_TIMEOUT)

    def destroy(self) -> None:
        """Remove the service's containers and its own volumes, and leave other services alone."""
        service = self._service
        compose_volumes.check_data_is_removable(self._service)
        with self._working("removed", last=True):
            compose_volumes.check_volumes(self._docker, service)
            self._unpause(self._look())
            self.say(f"removing service {service.name} with its volumes")
            self._docker.compose.rm([service.name], stop=True, volumes=True)
            compose_volumes.remove_volumes(self._docker, service)

    def destroy_all(self) -> None:
        """Remove every container and every volume of the compose project."""
        compose_volumes.check_data_is_removable(self._service)
        with self._working("removed", last=True):
            self._unpause(self._look())
            service = self._service
            self.say(f"stopping service {service.name}, for {_STOP_TIMEOUT} s at most")
            self._docker.compose.stop([service.name], timeout=_STOP_TIMEOUT)
            self.say(
                f"removing all services and volumes of compose project {service.project}"
                " (Docker kills what does not stop in 10 s)"
            )
            for _, line in self._docker.compose.down(volumes=True, stream_logs=True):
                self._say_progress(line)

    def psql(self) -> tuple[list[str], dict[str, str]]:
        """Return the psql of this machine, else the container's."""
        if shutil.which("psql"):
            return super().psql()
        url = self.address()
        seen = self._look()
        return psql_inside(self._docker, seen.name if seen else "", url)

    def logs(self, *, tail: int | None = None, follow: bool = False) -> Iterator[str]:
        """Yield the lines of the service's log."""
        service = self._service
        with docker_errors(f"the log of service {service.name} cannot be read"):
            seen = self._look()
        return log_lines(self._docker, seen, f"of service {service.name}", tail=tail, follow=follow)

    def explain(self, error: ServerError) -> ServerError:
        """Tell of a refused password why it does not fit the data."""
        if error.code != "password":
            return error
        try:
            seen = self._look()
        except DockerException:
            return error
        return self._misfit(seen) if seen else error

    def _misfit(self, seen: Seen) -> ServerError:
        return password_misfit(seen, f"of service {self._service.name} does not fit its data")

    @functools.cached_property
    def _service(self) -> compose_file.Service:
        with docker_errors("the compose file cannot be read"):
            config = compose_file.read_config(self._docker)
        return compose_file.find_service(config, self.settings.compose_service)

    @contextlib.contextmanager
    def _working(self, done: str, *, last: bool = False) -> Iterator[None]:
        service = self._service
        with (
            self.state.lock(f"{service.project}-{service.name}.compose", last=last),
            docker_errors(f"service {service.name} cannot be {done}"),
        ):
            yield

    def _look(self) -> Seen | None:
        """Return the service's container, a running one if there are several."""
        found = []
        for container in self._docker.compose.ps([self._service.name], all=True):
            with contextlib.suppress(NoSuchContainer):
                found.append(Seen.read(container))
        found = [seen for seen in found if seen.labels.get(_ONE_OFF) != "True"]
        return min(found, key=lambda seen: seen.state != "running", default=None)

    def _up(self, docker: DockerClient, services: list[str] | None) -> None:
        progress = PullProgress("images")
        try:
            for _, line in docker.compose.up(services, detach=True, stream_logs=True) or ():
                self._say_progress(line, progress)
        except DockerException as error:
            port = refused_port(error)
            if port is None:
                raise
            otherwise = "publish another port in the compose file"
            raise port_taken(self._docker, port, otherwise) from None

    def _say_progress(self, line: bytes, progress: PullProgress | None = None) -> None:
        text = line.decode(errors="replace").strip()
        if text.startswith(("Container ", "Volume ", "Network ")):
            self.say(text)
        elif progress is not None:
            said = progress.read(text)
            if said:
                self.say(said)

    def _wait(self) -> DatabaseURL:
        seen = self._present()
        self._check_alive(seen)
        if seen.address is None:
            raise self._no_port()
        if seen.address[0] == LOOPBACK:
            engine.check_engine_is_here()
        url = self._url(seen)
        try:
            wait_until_ready(
                url,
                timeout=self.settings.start_timeout,
                say=self.say,
                check_alive=watch(self._present, self._check_alive),
            )
        except ServerError as error:
            if error.code != "password":
                raise
            raise self._misfit(seen) from None
        return url

    def _present(self) -> Seen:
        seen = self._look()
        if seen is None:
            raise ServerError(
                f"the container of service {self._service.name} was removed while it started",
                remedy="see who removes it (docker events), then run invoke db.start again",
                code="died",
            )
        return seen

    def _check_alive(self, seen: Seen) -> None:
        if seen.state == "stopped":
            parameters = f"the command of service {self._service.name} in the compose file"
            raise dead(self._docker, seen, parameters)

    def _url(self, seen: Seen) -> DatabaseURL:
        host, port = seen.address or (LOOPBACK, 0)
        return DatabaseURL(
            host=host,
            port=port,
            user=self._variable(seen, "POSTGRES_USER") or "postgres",
            password=self._variable(seen, "POSTGRES_PASSWORD"),
            database=self._database(seen),
        )

    def _database(self, seen: Seen | None) -> str:
        """Return the database's name, as the image's entrypoint finds it."""
        if self.settings.sources["database"] != "default":
            return self.settings.database
        return (
            self._variable(seen, "POSTGRES_DB")
            or self._variable(seen, "POSTGRES_USER")
            or "postgres"
        )

    def _variable(self, seen: Seen | None, name: str) -> str:
        """Return a variable of the image, or what the file that `NAME_FILE` names holds.

        The file is read here if Compose says which one it is, else inside the running container.
        """
        env = seen.env if seen else self._service.env
        inside = env.get(f"{name}_FILE")
        if env.get(name) or not inside:
            return env.get(name, "")
        here = self._service.files.get(inside)
        if here is not None:
            with contextlib.suppress(OSError, UnicodeDecodeError):
                return here.read_text(encoding="utf-8").rstrip("\n")
        if seen is None or seen.state != "running":
            return ""
        return str(self._docker.container.execute(seen.id, ["cat", inside])).rstrip("\n")

    def _unpause(self, seen: Seen | None) -> None:
        """Let a paused container go on; it would neither start nor hear the signal to stop."""
        if seen is not None and seen.state == "paused":
            with contextlib.suppress(NoSuchContainer):
                self._docker.container.unpause(seen.id)

    def _no_port(self) -> ServerError:
        return ServerError(
            f"service {self._service.name} publishes no port for PostgreSQL, so it cannot be reached from here",
            remedy='add ports: ["127.0.0.1:5432:5432"] to the service in the compose file',
            code="no-port",
        )
