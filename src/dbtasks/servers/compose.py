"""The compose kind: a service of the project's own compose file."""

from __future__ import annotations

import contextlib
import functools
import shutil
from typing import TYPE_CHECKING

from python_on_whales.exceptions import DockerException, NoSuchContainer, NoSuchVolume

from dbtasks.errors import RefusedError, ServerError
from dbtasks.results import ServerStatus
from dbtasks.servers import compose_file, engine
from dbtasks.servers.base import Server, wait_until_ready
from dbtasks.servers.container import (
    RECREATE,
    PullProgress,
    Seen,
    dead,
    docker_errors,
    psql_inside,
    repair_command,
    watch,
)
from dbtasks.url import DatabaseURL

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from python_on_whales import DockerClient

    from dbtasks.settings import Settings

_STOP_TIMEOUT = 60
_ONE_OFF = "com.docker.compose.oneoff"
_PROJECT = "com.docker.compose.project"


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
        where = f"service {service.name} of compose project {service.project}"
        return ServerStatus(kind=self.kind, state=state, where=where, url=url)

    def start(self) -> DatabaseURL:
        """Start the service with what it depends on."""
        service = self._service
        if not service.publishes:
            raise self._no_port()
        with self._working("started"):
            seen = self._look()
            self._unpause(seen)
            self._up(self._docker, [service.name])
            return self._wait()

    def start_all(self) -> DatabaseURL:
        """Start every service of the project as `docker compose up` does, and the database."""
        self._service  # noqa: B018 - a wrong file is reported before anything starts
        plain = compose_file.client(self.settings, every_profile=False)
        with self._working("started"):
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
        self._check_data_is_removable()
        with self._working("removed"):
            for volume in service.volumes:
                self._check_volume(volume)
            self._unpause(self._look())
            self.say(f"removing service {service.name} with its volumes")
            self._docker.compose.rm([service.name], stop=True, volumes=True)
            for volume in service.volumes:
                self._remove_volume(volume)

    def destroy_all(self) -> None:
        """Remove every container and every volume of the compose project."""
        self._check_data_is_removable()
        with self._working("removed"):
            self._unpause(self._look())
            self.say(
                f"removing all services and volumes of compose project {self._service.project}"
            )
            self._docker.compose.down(volumes=True, timeout=_STOP_TIMEOUT, quiet=True)

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
        if seen is None:
            raise ServerError(
                f"there is no container of service {service.name}, and so no log",
                remedy="invoke db.start makes it",
                code="not-running",
            )
        command = [*self._docker.client_config.docker_cmd, "container", "logs"]
        command += [] if tail is None else ["--tail", tail]
        command += ["--follow"] if follow else []
        return engine.output_lines([*command, seen.id])

    @functools.cached_property
    def _service(self) -> compose_file.Service:
        with docker_errors("the compose file cannot be read"):
            config = compose_file.read_config(self._docker)
        return compose_file.find_service(config, self.settings.compose_service)

    @contextlib.contextmanager
    def _working(self, done: str) -> Iterator[None]:
        service = self._service
        with (
            self.state.lock(f"{service.project}-{service.name}.compose"),
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
        lines = docker.compose.up(services, detach=True, stream_logs=True)
        for _, line in lines or ():
            text = line.decode(errors="replace").strip()
            if text.startswith(("Container ", "Volume ", "Network ")):
                self.say(text)
            else:
                said = progress.read(text)
                if said:
                    self.say(said)

    def _wait(self) -> DatabaseURL:
        seen = self._present()
        if seen.state == "stopped":
            raise dead(self._docker, seen)
        if seen.address is None:
            raise self._no_port()
        if seen.address[0] == engine.LOOPBACK:
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
            raise ServerError(
                f"the password of service {self._service.name} does not fit its data: POSTGRES_PASSWORD acts on an empty volume only",
                remedy=f"keep the data: {repair_command(seen)}; or {RECREATE}",
                code="password",
            ) from None
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
            raise dead(self._docker, seen)

    def _url(self, seen: Seen) -> DatabaseURL:
        host, port = seen.address or (engine.LOOPBACK, 0)
        user = self._variable(seen, "POSTGRES_USER") or "postgres"
        database = self.settings.database
        if self.settings.sources["database"] == "default":
            database = self._variable(seen, "POSTGRES_DB") or user
        password = self._variable(seen, "POSTGRES_PASSWORD")
        return DatabaseURL(host=host, port=port, user=user, password=password, database=database)

    def _variable(self, seen: Seen, name: str) -> str:
        """Return a variable of the image, or what the file that `NAME_FILE` names holds.

        The file is read here if Compose says which one it is, else inside the container.
        """
        inside = seen.env.get(f"{name}_FILE")
        if seen.env.get(name) or not inside:
            return seen.env.get(name, "")
        here = self._service.files.get(inside)
        if here is not None:
            with contextlib.suppress(OSError, UnicodeDecodeError):
                return here.read_text(encoding="utf-8").rstrip("\n")
        return str(self._docker.container.execute(seen.id, ["cat", inside])).rstrip("\n")

    def _unpause(self, seen: Seen | None) -> None:
        """Let a paused container go on; it would neither start nor hear the signal to stop."""
        if seen is not None and seen.state == "paused":
            with contextlib.suppress(NoSuchContainer):
                self._docker.container.unpause(seen.id)

    def _check_data_is_removable(self) -> None:
        """Refuse to remove a service whose data would stay.

        Raises:
            RefusedError: the data is in a folder or in a volume that Compose did not make.
        """
        kind, source = self._service.data_mount
        how = {
            "bind": ("folder", f"rm -r {source}"),
            "external": ("external volume", f"docker volume rm {source}"),
        }
        if kind in how:
            thing, remedy = how[kind]
            raise RefusedError(
                f"the data of service {self._service.name} is in the {thing} {source}, which dbtasks does not remove",
                remedy=f"invoke db.stop, then {remedy} yourself, then invoke db.init",
                code="not-ours",
            )

    def _check_volume(self, name: str) -> None:
        with contextlib.suppress(NoSuchVolume):
            labels = self._docker.volume.inspect(name).labels or {}
            if labels.get(_PROJECT) != self._service.project:
                raise RefusedError(
                    f"volume {name} was not made by compose project {self._service.project}, so it is left alone",
                    remedy=f"remove it yourself (docker volume rm {name}), or rename it in the compose file",
                    code="not-ours",
                )

    def _remove_volume(self, name: str) -> None:
        try:
            self._docker.volume.remove(name)
        except NoSuchVolume:
            return
        except DockerException as error:
            if "volume is in use" not in (error.stderr or ""):
                raise
            raise ServerError(
                f"volume {name} is in use by another service's container, and so was not removed",
                remedy="stop that service (docker compose rm --stop SERVICE), or take invoke db.recreate --all-volumes",
                code="volume-in-use",
            ) from None

    def _no_port(self) -> ServerError:
        return ServerError(
            f"service {self._service.name} publishes no port for PostgreSQL, so it cannot be reached from here",
            remedy='add ports: ["127.0.0.1:5432:5432"] to the service in the compose file',
            code="no-port",
        )
