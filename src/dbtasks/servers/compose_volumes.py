"""The volumes of a compose project's database: which may be removed, and how."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

from python_on_whales.exceptions import DockerException, NoSuchVolume

from dbtasks.errors import RefusedError, ServerError

if TYPE_CHECKING:
    from python_on_whales import DockerClient

    from dbtasks.servers.compose_file import Service

_PROJECT = "com.docker.compose.project"


def check_data_is_removable(service: Service) -> None:
    """Refuse to remove a service whose data would stay.

    Raises:
        RefusedError: the data is in a folder or in a volume that Compose did not make.
    """
    kind, source = service.data_mount
    how = {
        "bind": ("folder", f"rm -r {source}"),
        "external": ("external volume", f"docker volume rm {source}"),
    }
    if kind in how:
        thing, remedy = how[kind]
        raise RefusedError(
            f"the data of service {service.name} is in the {thing} {source}, which dbtasks does not remove",
            remedy=f"invoke db.stop, then {remedy} yourself, then invoke db.init",
            code="not-ours",
        )


def check_volumes(docker: DockerClient, service: Service) -> None:
    """Refuse volumes that have the right name and are not of this project.

    Raises:
        RefusedError: there is one.
    """
    for name in service.volumes:
        with contextlib.suppress(NoSuchVolume):
            labels = docker.volume.inspect(name).labels or {}
            if labels.get(_PROJECT) != service.project:
                raise RefusedError(
                    f"volume {name} was not made by compose project {service.project}, so it is left alone",
                    remedy=f"remove it yourself (docker volume rm {name}), or rename it in the compose file",
                    code="not-ours",
                )


def remove_volumes(docker: DockerClient, service: Service) -> None:
    """Remove the service's own volumes.

    Raises:
        ServerError: another service's container uses one.
    """
    for name in service.volumes:
        try:
            docker.volume.remove(name)
        except NoSuchVolume:
            continue
        except DockerException as error:
            if "volume is in use" not in (error.stderr or ""):
                raise
            raise ServerError(
                f"volume {name} is in use by another service's container, and so was not removed",
                remedy="stop that service (docker compose rm --stop SERVICE), or take invoke db.recreate --all-volumes",
                code="volume-in-use",
            ) from None
