"""Throwaway servers whose owners are gone, on this machine."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

from dbtasks.doctor.finding import Finding, Untold
from dbtasks.doctor.mends import Act
from dbtasks.errors import DbtasksError
from dbtasks.servers.throwaway import docker, local

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_NEXT = "the next test run removes it"


def findings() -> Iterator[Finding | Untold]:
    """Yield the throwaway servers that killed runs have left.

    They are notes: of any project on this machine, and the next test run of any removes them.
    """
    yield from map(_folder, local.left_over())
    if shutil.which("docker") is None:
        return
    try:
        yield from map(_container, docker.left_over())
    except DbtasksError as error:
        yield Untold.of("throwaway containers", error, note=True)


def _folder(folder: Path) -> Finding:
    return Finding(
        code="throwaway-server",
        message=f"a run that is gone left the throwaway server in {folder}",
        remedy=_NEXT,
        note=True,
        mend=Act(did=f"removed {folder}", act=lambda: _remove_folder(folder)),
    )


def _remove_folder(folder: Path) -> bool:
    if folder not in local.left_over():
        return False
    local.remove(folder)
    return True


def _container(name: str) -> Finding:
    return Finding(
        code="throwaway-server",
        message=f"a run that is gone left the throwaway server in container {name}",
        remedy=f"docker rm --force --volumes {name}; {_NEXT}",
        note=True,
        mend=Act(did=f"removed container {name}", act=lambda: _remove_container(name)),
    )


def _remove_container(name: str) -> bool:
    if name not in docker.left_over():
        return False
    docker.remove(name)
    return True
