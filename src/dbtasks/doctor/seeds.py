"""Seeds of throwaway servers whose image or binaries are gone, so that no server can begin from them."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import TYPE_CHECKING

from dbtasks.doctor.docker_servers import remove_volume
from dbtasks.doctor.finding import Finding, Untold
from dbtasks.doctor.mends import Act, Remove
from dbtasks.errors import DbtasksError, ServerError
from dbtasks.servers.account import server_account
from dbtasks.servers.cache import cache_folder
from dbtasks.servers.throwaway.client import DockerRefusedError, docker
from dbtasks.servers.throwaway.image import SEED_LABEL
from dbtasks.servers.throwaway.seed import sources

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping


def findings(
    made_of: Callable[[str], Iterable[tuple[str, str]]] = sources,
) -> Iterator[Finding | Untold]:
    """Yield the seeds that no server can begin from any more; notes, as all projects share them.

    `made_of` gives a kind's seeds, and what each is made with.
    """
    cache = cache_folder(server_account())
    for name, source in made_of("local"):
        seed = cache / name
        if source and seed.is_dir() and not Path(source).exists():
            yield Finding(
                code="unused-seed",
                message=f"seed {seed} was made with the binaries in {source}, which are gone",
                remedy=f"rm -r '{seed}'",
                note=True,
                mend=Remove(path=seed, lock=cache / f"{name}.lock"),
            )
    if shutil.which("docker") is None:
        return
    try:
        yield from _volumes(dict(made_of("docker")))
    except DbtasksError as error:
        yield Untold.of("seeds", error, note=True)


def _volumes(made_of: Mapping[str, str]) -> Iterator[Finding]:
    if not made_of:
        return
    try:
        images = docker("image", "ls", "--all", "--quiet", "--no-trunc").split()
        volumes = docker("volume", "ls", "--quiet", "--filter", f"label={SEED_LABEL}=1").split()
    except DockerRefusedError as error:
        raise ServerError(
            f"Docker does not list them: {error}", remedy="see docker volume ls", code="docker"
        ) from None
    for name in volumes:
        source = made_of.get(name)
        if source and source not in images:
            yield _volume(name, source)


def _volume(name: str, image: str) -> Finding:
    return Finding(
        code="unused-seed",
        message=f"seed volume {name} was made with image {image}, which is gone",
        remedy=f"docker volume rm {name}",
        note=True,
        mend=Act(did=f"removed volume {name}", act=lambda: remove_volume(name)),
    )
