"""Data that a service would begin an empty database beside, because its image looks elsewhere.

Up to 17 the image keeps its data in `/var/lib/postgresql/data`, and mounts an anonymous volume there if
nobody mounts one; since 18 in `/var/lib/postgresql/18/docker`. So with a mount of `/var/lib/postgresql`
another major finds nothing, and what was there is hidden. PostgreSQL itself notices data of another
major only where it looks.
"""

from __future__ import annotations

from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from python_on_whales.exceptions import DockerException

from dbtasks.errors import RefusedError
from dbtasks.servers.container import parse_env

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from python_on_whales import DockerClient

    from dbtasks.servers.compose_file import Service
    from dbtasks.servers.container import Seen

_HERE = "/dbtasks-look"
_LOOK = """
    cd "$0" && for file in PG_VERSION */PG_VERSION */*/PG_VERSION; do
        if [ -f "$file" ]; then echo "$file" "$(cat "$file")"; fi
    done
"""


def check_not_hidden(docker: DockerClient, service: Service, seen: Seen | None) -> None:
    """Refuse to let a service begin with an empty database where its mount has data.

    Looks only where a container is to be made of another image than the one that is there.

    Raises:
        RefusedError: code `volume-major`; the image looks for its data elsewhere.
    """
    image, source = service.image, service.data_mount[1]
    if not image or not source or (seen is not None and seen.image == image):
        return
    found = _found(docker, service)
    if not found:
        return
    config = docker.image.inspect(image).config
    env = {**parse_env(config.env or ()), **service.env}
    place = inside(env.get("PGDATA", ""), service.data_target, config.volumes or ())
    if place in found:
        return
    said = ", ".join(
        f"{major} at its root" if path == "." else f"{major} in {path}"
        for path, major in found.items()
    )
    raise RefusedError(
        f"service {service.name} would begin with an empty database: {image} looks for its data in"
        f" {env.get('PGDATA')}, and {source} has data of PostgreSQL {said}",
        remedy="let the compose file have the image and the mount that belong to those data again"
        " (invoke db.upgrade-server --to MAJOR tells how to move them), or mount another volume to"
        " begin with an empty database",
        code="volume-major",
    )


def inside(pgdata: str, target: str, volumes: Iterable[str]) -> str | None:
    """Return where in a mount at `target` the data belong, None if they are in none or another one.

    `volumes` are those of the image itself: one of them below the mount hides what the mount has there.
    """
    data, mount = PurePosixPath(pgdata), PurePosixPath(target)
    between = (PurePosixPath(path) for path in volumes)
    if not data.is_relative_to(mount) or any(
        path != mount and path.is_relative_to(mount) and data.is_relative_to(path)
        for path in between
    ):
        return None
    return str(data.relative_to(mount))


def _found(docker: DockerClient, service: Service) -> Mapping[str, str]:
    """Return the majors of the data in a service's mount by their folders; changes nothing."""
    kind, source = service.data_mount
    is_volume = kind != "bind"
    try:
        if is_volume and not docker.volume.exists(source):
            return {}
        mount = [f"type={'volume' if is_volume else 'bind'}", f"src={source}", f"dst={_HERE}"]
        mount += ["readonly", *(["volume-nocopy"] if is_volume else [])]
        printed = docker.run(
            service.image,
            ["-c", _LOOK, _HERE],
            entrypoint="sh",
            mounts=[mount],
            networks=["none"],
            user="0",
            healthcheck=False,
            remove=True,
        )
    except DockerException:  # no such folder, or no such image: docker compose up says it better
        return {}
    lines = (line.rpartition(" ") for line in str(printed).splitlines())
    found = {str(PurePosixPath(file).parent): major for file, _, major in lines}
    # A data folder has further files of that name in it.
    return {path: major for path, major in found.items() if not set(_around(path)) & set(found)}


def _around(path: str) -> Iterable[str]:
    return () if path == "." else map(str, PurePosixPath(path).parents)
