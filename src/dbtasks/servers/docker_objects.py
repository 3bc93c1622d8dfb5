"""The container, the volumes and the image of one server, as single steps at the Docker engine."""

from __future__ import annotations

import contextlib
import json
import time
from typing import TYPE_CHECKING

from python_on_whales import DockerClient
from python_on_whales.exceptions import (
    DockerException,
    NoSuchContainer,
    NoSuchImage,
    NoSuchVolume,
)

from dbtasks import private_files
from dbtasks.errors import RefusedError, ServerError
from dbtasks.servers import docker_plan as plan
from dbtasks.servers import engine, other_majors
from dbtasks.servers.container import (
    POSTGRES_PORT,
    PullProgress,
    Seen,
    is_port_refused,
    parse_env,
    port_taken,
)
from dbtasks.servers.container_log import last_lines
from dbtasks.servers.ports import LOOPBACK
from dbtasks.servers.throwaway.client import docker

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path

    from dbtasks.settings import Settings
    from dbtasks.state import State

# A checkpoint of a large shared_buffers may take longer than the 10 s that Docker gives by default.
STOP_TIMEOUT = 60
RETRY_AFTER = 0.2
_WHOLE_LOG = 100_000
# The official entrypoint's words; they tell whether a container has done the first start in full.
_INITIALISED = "init process complete"
_SKIPPED = "Skipping initialization"
_LABELS = (
    *("dbtasks.key", "dbtasks.project", "dbtasks.database", "dbtasks.postgres", "dbtasks.user"),
    plan.MOVED_FROM,
)


def _create_volume(name: str, labels: Mapping[str, str]) -> None:
    given = [argument for item in labels.items() for argument in ("--label", "=".join(item))]
    docker("volume", "create", *given, name)


class ChangedMeanwhileError(Exception):
    """Somebody else changed the container between two steps; look again."""


class PortRefusedError(Exception):
    """The container's port was free a moment ago, and Docker cannot have it."""


class DockerObjects:
    """What belongs to one server at the engine, and nothing else there.

    Methods raise python-on-whales' exceptions and DockerRefusedError; NoSuchContainer and NoSuchVolume mean that somebody
    removed the thing meanwhile.
    """

    def __init__(
        self,
        settings: Settings,
        state: State,
        say: Callable[[str], None],
        *,
        moving_from: int | None = None,
    ) -> None:
        self.names = plan.Names.of(settings)
        self.secret = f"{settings.key}.docker"
        self.docker = DockerClient()
        self.moving_from = moving_from
        self._settings = settings
        self._state = state
        self._say = say
        self._seen_volumes: dict[str, Mapping[str, str]] = {}

    def look(self, name: str = "") -> Seen | None:
        """Return the container, None when there is none.

        Raises:
            RefusedError: a container of our name is not ours.
        """
        try:
            seen = Seen.read(self.docker.container.inspect(name or self.names.container))
        except NoSuchContainer:
            return None
        if not plan.is_ours(seen.labels, self._settings):
            raise self._not_ours("container")
        return seen

    def volume_labels(self) -> Mapping[str, str] | None:
        """Return the labels of the data volume, None when there is none.

        Raises:
            RefusedError: a volume of our name is not ours.
        """
        try:
            labels = self.docker.volume.inspect(self.names.volume).labels or {}
        except NoSuchVolume:
            return None
        if not plan.is_ours(labels, self._settings):
            raise self._not_ours("volume")
        return labels

    def is_unfinished(self) -> bool:
        """Tell whether the data volume has never been seen in a server that answered.

        Raises:
            ServerError: data of another major are being moved into it, and not by us.
        """
        names = self._seen_volumes = self._volumes()
        if self.names.moving in names and self.moving_from is None:
            raise other_majors.moving(self._settings, f"volume {self.names.volume}")
        return self.names.unfinished in names

    def initialises(self, seen: Seen) -> bool:
        """Tell whether a container whose volume is unfinished is on a good way or already there."""
        if plan.SEEDED in seen.labels:
            return False
        if seen.status == "created":
            return True
        log = "\n".join(last_lines(self.docker, seen, _WHOLE_LOG))
        if _INITIALISED in log:
            return True
        return seen.state != "stopped" and _SKIPPED not in log

    def image(self) -> plan.Image:
        """Return the image, pulled if it is missing."""
        name = plan.image_name(self._settings)
        try:
            image = self.docker.image.inspect(name)
        except NoSuchImage:
            self._pull(name)
            image = self.docker.image.inspect(name)
        config = image.config
        found = plan.Image(
            name=name,
            env=parse_env(config.env or ()),
            volumes=tuple(config.volumes or ()),
            command=tuple(config.cmd or ()),
        )
        plan.check_major(found, self._settings, moving=self.moving_from is not None)
        return found

    def create_volume(self) -> None:
        """Make the mark of an unfinished first start, then the volume."""
        labels = plan.volume_labels(self._settings)
        if self.moving_from is not None:
            labels |= {plan.MOVED_FROM: str(self.moving_from)}
            _create_volume(self.names.moving, labels)
        _create_volume(self.names.unfinished, labels)
        _create_volume(self.names.volume, labels)

    def create_container(
        self, image: plan.Image, port: int, *, replaces: bool, seeded: bool = False
    ) -> None:
        """Make the container; a file brings the password, so that no command line shows it."""
        labels = plan.container_labels(self._settings)
        labels |= {plan.REPLACES: self.names.before} if replaces else {}
        labels |= {plan.SEEDED: "1"} if seeded else {}
        self._say(f"making container {self.names.container} from {image.name}")
        with self._env_file() as env_file:
            try:
                self.docker.container.create(
                    image.name,
                    plan.command(image, self._settings.server_options),
                    name=self.names.container,
                    labels=labels,
                    env_files=[env_file],
                    publish=[(f"{LOOPBACK}:{port}", POSTGRES_PORT)],
                    volumes=[(self.names.volume, plan.data_path(image, self._settings.postgres))],
                    shm_size="256m",
                    stop_timeout=STOP_TIMEOUT,
                    healthcheck=False,
                    pull="never",
                )
            except DockerException as error:
                if "is already in use by container" in (error.stderr or ""):
                    raise ChangedMeanwhileError from None
                raise

    def wake(self, seen: Seen) -> None:
        """Run a container that exists.

        Raises:
            PortRefusedError: somebody else has its port.
        """
        if seen.status == "running":
            return
        if seen.status == "paused":
            self._say(f"container {seen.name} was paused, and goes on")
            self.docker.container.unpause(seen.id)
            return
        self._say(f"starting container {seen.name}")
        try:
            self.docker.container.start(seen.id)
        except DockerException as error:
            if is_port_refused(error):
                raise PortRefusedError from None
            if "marked for removal" in (error.stderr or ""):
                raise ChangedMeanwhileError from None
            raise

    def halt(self, seen: Seen) -> None:
        """Stop a running container; a paused one would not hear the signal."""
        if seen.status == "paused":
            self.docker.container.unpause(seen.id)
        if seen.state != "stopped":
            self._say(f"stopping container {seen.name}")
            self.docker.container.stop(seen.id)

    def remove_container(self, seen: Seen) -> None:
        """Remove a container with its anonymous volumes, also while somebody else removes it."""
        try:
            self.docker.container.remove(seen.id, force=True, volumes=True)
        except NoSuchContainer:
            return
        except DockerException as error:
            if "is already in progress" not in (error.stderr or ""):
                raise
            limit = time.monotonic() + STOP_TIMEOUT
            while self.look() is not None and time.monotonic() < limit:
                time.sleep(RETRY_AFTER)

    def remove_data(self) -> None:
        """Remove the data volume, then the marks of an unfinished one."""
        with contextlib.suppress(NoSuchVolume):
            if not self._remove_volume():
                # What the engine was still making or filling for a killed client.
                for name in (self.names.container, self.names.filling):
                    late = self.look(name)
                    if late is not None:
                        self.remove_container(late)
                if not self._remove_volume():
                    raise self._in_use()
        marks = [self.names.unfinished]
        if self.moving_from is None:  # an upgrade that begins anew keeps its mark
            marks.append(self.names.moving)
        docker("volume", "rm", "--force", *marks)

    def _remove_volume(self) -> bool:
        """Remove the data volume; tell whether no container was in the way."""
        try:
            self.docker.volume.remove(self.names.volume)
        except DockerException as error:
            if "volume is in use" in (error.stderr or ""):
                return False
            raise
        return True

    def remove_leftovers(self) -> None:
        """Remove the password file that a killed process may have left."""
        self._state.path(f"{self.secret}.env").unlink(missing_ok=True)

    def mark_finished(self) -> None:
        """Remember that the server on the data volume has answered."""
        docker("volume", "rm", "--force", self.names.unfinished)

    def mark_moved(self) -> None:
        """Remember that the data volume holds all that was moved into it."""
        docker("volume", "rm", "--force", self.names.moving)

    def port_taken(self, port: int) -> ServerError:
        """Return the error for a port that is held, with its holder if that is a container."""
        otherwise = "set another port (DBTASKS_PORT), or none and dbtasks finds a free one"
        return port_taken(self.docker, port, otherwise)

    def data_of_majors(self, *, seen: bool = False) -> tuple[other_majors.Data, ...]:
        """Return what this database has under each major of PostgreSQL, ours included.

        With `seen` Docker is not asked: by the volumes that `is_unfinished` saw a moment ago.
        """
        wanted = plan.volume_labels(self._settings)
        same = ("dbtasks.project", "dbtasks.database")
        labels = self._seen_volumes if seen else self._volumes()
        found = [
            other_majors.Data(
                major=int(label["dbtasks.postgres"]),
                where=f"volume {name}",
                moved_from=int(label[plan.MOVED_FROM]) if plan.MOVED_FROM in label else None,
                complete=f"{name}-moving" not in labels and f"{name}-unfinished" not in labels,
            )
            for name, label in labels.items()
            if label.get("dbtasks.postgres", "").isdecimal()
            and all(label.get(key) == wanted[key] for key in same)
            and name == f"dbtasks-{label.get('dbtasks.key')}"
        ]
        return tuple(sorted(found, key=lambda data: data.major))

    def data_of_newer_majors(self) -> tuple[other_majors.Data, ...]:
        """Return what this database has under newer majors, by the volumes seen a moment ago."""
        stem = self.names.volume.removesuffix(str(self._settings.postgres))
        majors = {name.removeprefix(stem) for name in self._seen_volumes if name.startswith(stem)}
        if not any(int(major) > self._settings.postgres for major in majors if major.isdecimal()):
            return ()
        return self.data_of_majors(seen=True)

    def _volumes(self) -> dict[str, Mapping[str, str]]:
        """Return the labels of the project's volumes by name: one question, as JSON for any text in them."""
        fields = ["{{json .Name}}", *(f'{{{{json (.Label "{name}")}}}}' for name in _LABELS)]
        listed = docker(
            *("volume", "ls", "--filter", f"label=dbtasks.project={self._settings.name}"),
            *("--format", f"[{','.join(fields)}]"),
        )
        found: dict[str, Mapping[str, str]] = {}
        for line in listed.splitlines():
            name, *values = json.loads(line)
            found[name] = {
                label: value for label, value in zip(_LABELS, values, strict=True) if value
            }
        return found

    def _pull(self, name: str) -> None:
        self._say(f"pulling {name}")
        progress = PullProgress(name)
        try:
            for _, line in self.docker.image.pull(name, stream_logs=True):  # type: ignore[misc, union-attr]
                said = progress.read(line.decode(errors="replace"))
                if said:
                    self._say(said)
        except DockerException as error:
            output = error.stderr or ""
            raise engine.unreachable(output) or ServerError(
                f"image {name} is not on this machine and cannot be pulled: {engine.telling_line(output)}",
                remedy=f"docker pull {name} when its registry can be reached, or set DBTASKS_IMAGE to an image that docker images lists",
                code="image",
            ) from None

    @contextlib.contextmanager
    def _env_file(self) -> Iterator[Path]:
        path = self._state.path(f"{self.secret}.env")
        values = {
            "POSTGRES_USER": self._settings.user,
            "POSTGRES_PASSWORD": self._state.password(self.secret),
            "POSTGRES_DB": self._settings.database,
        }
        try:
            lines = (f"{name}={value}\n" for name, value in values.items())
            private_files.write_new(path, "".join(lines))
            yield path
        finally:
            path.unlink(missing_ok=True)

    def _in_use(self) -> ServerError:
        users = self.docker.container.list(all=True, filters=[("volume", self.names.volume)])
        names = " ".join(user.name for user in users)
        return ServerError(
            f"volume {self.names.volume} is in use by {names or 'another container'}",
            remedy=f"docker rm --force {names}, then run this again",
            code="volume-in-use",
        )

    def _not_ours(self, thing: str) -> RefusedError:
        name = self.names.container
        return RefusedError(
            f"{thing} {name} was not made by dbtasks for this database, so it is left alone",
            remedy=f"remove it yourself (docker {thing} rm {name}), or set another name (DBTASKS_NAME)",
            code="not-ours",
        )
