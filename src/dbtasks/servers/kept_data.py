"""The data of a server, kept in a file for a development server to begin with."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from dbtasks import private_files
from dbtasks.servers.throwaway.client import docker

if TYPE_CHECKING:
    from pathlib import Path

_END_TIMEOUT = "60"


@dataclass(frozen=True, kw_only=True)
class KeptData:
    """A tar file of a data volume, whose server had ended in order.

    `identifier` is the system identifier of the cluster in it, `password` that of its role.
    """

    path: Path
    identifier: str
    password: str = field(repr=False)


def take(container: str, folder: str, into: Path) -> bool:
    """End a container's server and write its data folder to a new file; tell whether it ended in order.

    Raises:
        DockerRefusedError: the engine refused.
    """
    docker("stop", "--time", _END_TIMEOUT, container)
    if docker("container", "inspect", "--format", "{{.State.ExitCode}}", container).strip() != "0":
        return False
    with open(into, "xb", opener=private_files.opener) as file:
        docker("cp", f"{container}:{folder}/.", "-", writes=file)
    return True


def put(path: Path, container: str, folder: str) -> None:
    """Write a file's data to the data folder of a container that was never started.

    Raises:
        DockerRefusedError: the engine refused.
    """
    with path.open("rb") as file:
        docker("cp", "-", f"{container}:{folder}", reads=file)
