"""The docker kind of throwaway server: a container whose data are in memory."""

from __future__ import annotations

import contextlib
import json
import time
from typing import TYPE_CHECKING, Any

from dbtasks.errors import ServerError
from dbtasks.servers import docker_plan as plan
from dbtasks.servers import engine
from dbtasks.servers.ports import LOOPBACK
from dbtasks.servers.throwaway.base import Order, ThrowawayServer, died
from dbtasks.servers.throwaway.client import DockerRefusedError, docker
from dbtasks.servers.throwaway.image import DockerImage
from dbtasks.servers.throwaway.interruption import deferred
from dbtasks.servers.throwaway.owner import Owner
from dbtasks.servers.throwaway.seed import Seed, forget_unused, started_from
from dbtasks.url import DatabaseURL

if TYPE_CHECKING:
    from dbtasks.settings import Settings

_PORT = 5432
_LABEL = "dbtasks.throwaway"
_OWNER = "dbtasks.owner"
_LOOK_EVERY = 0.3
_LOG_LINES = 15
_GONE = ("no such container", "is already in progress")


class DockerThrowaway(ThrowawayServer):
    """A container; `where` is its name."""

    kind = "docker"

    def state(self) -> str:
        """Ask Docker for the container."""
        seen = _look(self.where)
        return "running" if seen and seen["State"]["Status"] == "running" else "gone"

    def log_lines(self, tail: int | None = None) -> list[str]:
        """Return the lines of the container's log, which outlives its server."""
        return _log(self.where, tail)

    def remove(self) -> None:
        """Kill the container and remove it with its volumes."""
        remove(self.where)


def start(order: Order) -> DockerThrowaway:
    """Make a container and wait until its server answers; leave nothing behind if it does not.

    The container is not of the kind that removes itself: its log tells why a server died.

    Raises:
        ServerError: `engine`, `image`, `docker`, `died`, `start-timeout`.
    """
    engine.check_engine_is_here()
    image = DockerImage.get(order.settings, order.say)
    order.say(f"starting a throwaway server from {image.about.name}")
    seed = seed_of(image, order.settings)
    return started_from(seed, lambda seed: _start(order, image, seed), discard)


def seed_of(image: DockerImage, settings: Settings) -> Seed | None:
    """Return the seed of what makes up the data of an image's first start."""
    made_of = (image.id, json.dumps(image.environment), settings.user)
    return Seed.of(DockerThrowaway.kind, *made_of, source=image.id)


def _start(order: Order, image: DockerImage, seed: Seed | None) -> DockerThrowaway:
    try:
        if order.replaces:
            remove(order.name)
        with deferred():  # a container that is half made could not be removed
            _run(order, image, seed)
        return _answering(order, seed)
    except DockerRefusedError as error:
        remove(order.name)
        raise ServerError(
            f"container {order.name} cannot be made: {error}",
            remedy="see docker ps --all and docker info",
            code="docker",
        ) from None
    except BaseException:
        with deferred():
            remove(order.name)
        raise


def remove(name: str) -> None:
    """Remove a container, running or not, also while somebody else removes it."""
    try:
        docker("rm", "--force", "--volumes", name)
    except DockerRefusedError as error:
        if not any(text in error.output.lower() for text in _GONE):
            raise ServerError(
                f"container {name} cannot be removed: {error}",
                remedy=f"docker rm --force --volumes {name}",
                code="docker",
            ) from None


def reap() -> int:
    """Remove the containers whose owners are gone, and return how many there were."""
    left = left_over()
    for name in left:
        remove(name)
    forget_unused_seeds()
    return len(left)


def forget_unused_seeds() -> None:
    """Discard the seeds of images that nobody has used for a month."""
    forget_unused(DockerThrowaway.kind, discard)


def left_over() -> list[str]:
    """Return the names of the containers whose owners are gone."""
    form = f'{{{{.Names}}}}\t{{{{.Label "{_OWNER}"}}}}'
    listed = docker("ps", "--all", "--no-trunc", "--filter", f"label={_LABEL}=1", "--format", form)
    left = []
    for line in listed.splitlines():
        name, _, text = line.partition("\t")
        owner = Owner.parse(text)
        if owner is not None and not owner.needs_it():
            left.append(name)
    return left


def _run(order: Order, image: DockerImage, seed: Seed | None) -> None:
    settings = order.settings
    labels = {
        _LABEL: "1",
        _OWNER: str(order.owner),
        "dbtasks.started": order.started,
        "dbtasks.image": image.about.name,
        "dbtasks.key": settings.key,
    }
    arguments = ["run", "--detach", "--pull", "never", "--name", order.name]
    for label, value in labels.items():
        arguments += ["--label", f"{label}={value}"]
    path = plan.data_path(image.about, settings.postgres)
    arguments += ["--volume", path] if order.on_disk else ["--tmpfs", f"{path}:rw,mode=1777"]
    arguments += ["--publish", f"{LOOPBACK}::{_PORT}", "--shm-size", "256m", "--no-healthcheck"]
    environment = {
        **image.environment,
        "POSTGRES_USER": settings.user,
        "POSTGRES_PASSWORD": _first_password(order, seed),
    }
    arguments += image.arguments(order.parameters, seed)
    docker(*arguments, environment=environment)


def _first_password(order: Order, seed: Seed | None) -> str:
    return order.password if seed is None else seed.password


def discard(seed: str) -> None:
    """Remove a seed's volume, unless a server is just being made from it."""
    with contextlib.suppress(DockerRefusedError):
        docker("volume", "rm", seed)


def _answering(order: Order, seed: Seed | None) -> DockerThrowaway:
    last = time.monotonic()

    def check_alive() -> None:
        nonlocal last
        if time.monotonic() - last > _LOOK_EVERY:
            last = time.monotonic()
            _alive(order.name)

    url = DatabaseURL(
        host=LOOPBACK,
        port=_published(_alive(order.name)),
        user=order.settings.user,
        password=order.password,
        database="postgres",
    )
    version = order.settle(
        url,
        password=_first_password(order, seed),
        check_alive=check_alive,
        log=lambda: _log(order.name, _LOG_LINES),
    )
    return DockerThrowaway(where=order.name, version=version, url=url)


def _alive(name: str) -> dict[str, Any]:
    seen = _look(name)
    if seen is None or seen["State"]["Status"] != "running":
        raise died(f"the server in container {name}", _log(name, _LOG_LINES))
    return seen


def _published(seen: dict[str, Any]) -> int:
    bindings = (seen["NetworkSettings"]["Ports"] or {}).get(f"{_PORT}/tcp") or []
    return int(next(item["HostPort"] for item in bindings if item["HostIp"] == LOOPBACK))


def _look(name: str) -> dict[str, Any] | None:
    try:
        found: list[dict[str, Any]] = json.loads(docker("container", "inspect", name))
    except DockerRefusedError:
        return None
    return found[0]


def _log(name: str, tail: int | None) -> list[str]:
    limit = [] if tail is None else ["--tail", str(2 * tail)]  # some lines are empty
    try:
        text = docker("logs", *limit, name, errors_too=True)
    except DockerRefusedError:
        return []
    lines = [line for line in text.splitlines() if line.strip()]
    return lines if tail is None else lines[-tail:]
