"""The data of a server, kept in a file for a development server to begin with."""

from __future__ import annotations

import contextlib
import hashlib
import os
import threading
from dataclasses import dataclass, field
from typing import IO, TYPE_CHECKING

from dbtasks import private_files
from dbtasks.servers.throwaway.client import docker

if TYPE_CHECKING:
    from pathlib import Path

    from dbtasks.servers import docker_plan as plan

_END_TIMEOUT = 60
_PATIENCE = 600.0
_CHUNK = 2**18


@dataclass(frozen=True, kw_only=True)
class KeptData:
    """A tar file of a data volume, whose server had ended in order, and the image that it ran.

    `digest` is the SHA-256 of the file, `identifier` the system identifier of the cluster in it,
    `password` that of its role.
    """

    path: Path
    image: plan.Image
    digest: str
    identifier: str
    password: str = field(repr=False)


def take(container: str, folder: str, into: Path) -> bool:
    """End a container's server and write its data folder to a new file; tell whether it ended in order.

    Raises:
        DockerRefusedError: the engine refused.
    """
    docker("stop", "--time", str(_END_TIMEOUT), container, patience=2 * _END_TIMEOUT)
    if docker("container", "inspect", "--format", "{{.State.ExitCode}}", container).strip() != "0":
        return False
    with open(into, "xb", opener=private_files.opener) as file:
        docker("cp", f"{container}:{folder}/.", "-", writes=file, patience=_PATIENCE)
    return True


def put(data: KeptData, container: str, folder: str) -> bool:
    """Write data to the data folder of a container that was never started; tell whether all is well.

    Raises:
        DockerRefusedError: the engine refused.
        OSError: the file cannot be read.
    """
    found: list[str] = []
    with contextlib.ExitStack() as stack:
        file = stack.enter_context(data.path.open("rb"))
        reading, writing = os.pipe()
        feeder = threading.Thread(
            target=lambda: found.append(_feed(file, writing)), name="dbtasks-data"
        )
        feeder.start()
        with open(reading, "rb") as pipe:  # noqa: PTH123  a descriptor
            docker("cp", "-", f"{container}:{folder}", reads=pipe, patience=_PATIENCE)
        feeder.join()
    return found == [data.digest]


def _feed(file: IO[bytes], writing: int) -> str:
    """Write a file into a pipe and return its digest, empty if nobody wanted all of it."""
    digest = hashlib.sha256()
    with contextlib.suppress(BrokenPipeError), open(writing, "wb", buffering=0) as pipe:
        while chunk := file.read(_CHUNK):
            digest.update(chunk)
            pipe.write(chunk)
        return digest.hexdigest()
    return ""
