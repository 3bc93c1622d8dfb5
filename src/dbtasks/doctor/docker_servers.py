"""Containers and volumes of a project's own servers: halves, and what a killed start has left."""

from __future__ import annotations

import json
import shutil
from collections import defaultdict
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

from dbtasks.doctor.finding import Finding, Untold
from dbtasks.doctor.mends import Act, Remove
from dbtasks.doctor.state_folder import is_free
from dbtasks.errors import DbtasksError, ServerError
from dbtasks.servers import engine
from dbtasks.servers.throwaway.client import DockerRefusedError, docker
from dbtasks.state import State

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path

    from dbtasks.settings import Settings

_UNFINISHED, _BEFORE, _SECRET = "-unfinished", "-before", ".docker.password"


@dataclass(frozen=True, kw_only=True)
class Server:
    """What the engine has of one server: the names of its containers and volumes, and its labels."""

    key: str
    labels: Mapping[str, str]
    containers: frozenset[str]
    volumes: frozenset[str]
    is_worked_on: bool

    @property
    def name(self) -> str:
        """The name of its container and of its volume."""
        return f"dbtasks-{self.key}"


def findings(settings: Settings, kind: str) -> Iterator[Finding | Untold]:
    """Yield what is wrong with the project's servers at the engine."""
    folder = State(settings).folder
    if shutil.which("docker") is None:
        return
    try:
        found = _read(settings, folder)
        for one in found:
            yield from judge(one, settings)
        yield from _passwords(folder, found)
    except DbtasksError as error:
        yield Untold.of("containers and volumes", error, note=kind != "docker")


def judge(one: Server, settings: Settings) -> Iterator[Finding]:
    """Yield what is wrong with one server, which nobody is working on."""
    if one.is_worked_on:
        return
    task = _tasks(one, settings)
    has_container, has_volume = one.name in one.containers, one.name in one.volumes
    mark, before = one.name + _UNFINISHED, one.name + _BEFORE
    if mark in one.volumes and not has_volume and not has_container:
        yield Finding(
            code="left-over-volume",
            message=f"a command that was killed left volume {mark}, of a server that is not there",
            remedy=f"docker volume rm {mark}",
            mend=Act(did=f"removed volume {mark}", act=lambda: _remove_volume(mark)),
        )
    elif mark in one.volumes:
        yield Finding(
            code="first-start-interrupted",
            message=f"the first start of {one.name} was interrupted before its server had answered",
            remedy=f"{task('start')} goes on or begins anew, {task('init')} makes the database, too",
        )
    if before in one.containers:
        yield Finding(
            code="exchange-interrupted",
            message=f"container {one.name} was being made anew, and {before} of before is still there",
            remedy=f"{task('start')} ends it",
        )
    if has_volume and not has_container and not {mark, before} & (one.volumes | one.containers):
        yield Finding(
            code="volume-without-container",
            message=f"volume {one.name} has data, and no container runs on it",
            remedy=f"{task('start')} makes the container; {task('destroy')} removes the data",
        )
    if has_container and not has_volume:
        yield Finding(
            code="container-without-volume",
            message=f"container {one.name} is there, and its volume is gone",
            remedy=f"{task('recreate')} begins anew",
        )
    major = one.labels.get("dbtasks.postgres", "")
    is_other = one.labels.get("dbtasks.database") == settings.database and has_volume
    if is_other and major not in {"", str(settings.postgres)}:
        yield Finding(
            code="other-major",
            message=f"volume {one.name} has data of PostgreSQL {major}, and postgres = {settings.postgres} is set",
            remedy=f"{task('destroy')} removes them",
            note=True,
        )


def _tasks(one: Server, settings: Settings) -> Callable[[str], str]:
    """Return what names the command of a task that works on this server."""
    database, major = one.labels.get("dbtasks.database"), one.labels.get("dbtasks.postgres")
    flags = "" if major == str(settings.postgres) else f" --postgres {major}"
    before = "" if database == settings.database else f"DBTASKS_DATABASE={database} "
    return lambda name: f"{before}invoke {settings.label}.{name}{flags}"


def _read(settings: Settings, folder: Path) -> list[Server]:
    wanted = f"label=dbtasks.project={settings.name}"
    labelled = ("dbtasks.key", "dbtasks.database", "dbtasks.postgres")
    form = "\t".join(["{{.Names}}", *(f'{{{{.Label "{label}"}}}}' for label in labelled)])
    try:
        containers = docker("ps", "--all", "--filter", wanted, "--format", form)
        volumes = docker(
            "volume", "ls", "--filter", wanted, "--format", form.replace(".Names", ".Name")
        )
    except DockerRefusedError as error:
        raise ServerError(
            f"Docker does not list them: {error}", remedy="see docker ps --all", code="docker"
        ) from None
    labels: dict[str, dict[str, str]] = {}
    names: dict[str, dict[str, set[str]]] = defaultdict(lambda: {"c": set(), "v": set()})
    for sort, text in (("c", containers), ("v", volumes)):
        for line in text.splitlines():
            name, key, database, major = line.split("\t")
            if name.removesuffix(_UNFINISHED).removesuffix(_BEFORE) == f"dbtasks-{key}":
                names[key][sort].add(name)
                labels[key] = {"dbtasks.database": database, "dbtasks.postgres": major}
    return [
        Server(
            key=key,
            labels=labels[key],
            containers=frozenset(found["c"]),
            volumes=frozenset(found["v"]),
            is_worked_on=not is_free(folder / f"{key}.docker.lock"),
        )
        for key, found in sorted(names.items())
    ]


def _passwords(folder: Path, found: list[Server]) -> Iterator[Finding]:
    """Yield the passwords of servers that this engine does not have."""
    keys = {one.key for one in found}
    for path in sorted(folder.glob(f"*{_SECRET}")):
        key = path.name.removesuffix(_SECRET)
        lock = path.with_suffix(".lock")
        if key in keys or not is_free(lock) or _exists(key):
            continue
        # The engine of another context may have the server.
        sure = len(_contexts()) == 1 and engine.engine_host() == "127.0.0.1"
        yield Finding(
            code="left-over-password",
            message=f"{path} is kept for a server that the Docker engine does not have",
            remedy=f"rm '{path}'" + ("" if sure else ", if no other Docker context has it either"),
            note=True,
            mend=Remove(path=path, lock=lock, still=partial(_is_gone, key)) if sure else None,
        )


def _exists(key: str) -> bool:
    """Tell whether the engine has anything of a server, whichever project it says it is of."""
    for words in (("container", "inspect"), ("volume", "inspect")):
        try:
            docker(*words, f"dbtasks-{key}")
        except DockerRefusedError:
            continue
        return True
    return False


def _is_gone(key: str) -> bool:
    return not _exists(key)


def _contexts() -> list[Any]:
    try:
        listed = docker("context", "ls", "--format", "{{json .Name}}")
    except DockerRefusedError:
        return []
    return [json.loads(line) for line in listed.splitlines()]


def _remove_volume(name: str) -> bool:
    try:
        docker("volume", "rm", name)
    except DockerRefusedError as error:
        if "no such volume" in error.output.lower():
            return False
        raise ServerError(
            f"volume {name} cannot be removed: {error}",
            remedy=f"docker volume rm {name}",
            code="docker",
        ) from None
    return True
