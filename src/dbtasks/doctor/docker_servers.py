"""Containers and volumes of a project's own servers: halves, and what a killed start has left."""

from __future__ import annotations

import json
import shutil
from collections import defaultdict
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

from dbtasks.doctor import upgrades
from dbtasks.doctor.finding import Finding, Untold
from dbtasks.doctor.mends import Act, Remove
from dbtasks.doctor.state_folder import is_free
from dbtasks.errors import DbtasksError, ServerError
from dbtasks.servers import docker_plan, engine, other_majors
from dbtasks.servers.throwaway.client import DockerRefusedError, docker
from dbtasks.servers.throwaway.docker import remove
from dbtasks.state import State

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path

    from dbtasks.settings import Settings

_MOVING, _CLIENT = "-moving", "-client"
_UNFINISHED, _BEFORE, _SECRET = "-unfinished", "-before", ".docker.password"
_KEY, _DATABASE, _MAJOR = "dbtasks.key", "dbtasks.database", "dbtasks.postgres"


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

    @property
    def major(self) -> str:
        """The major of PostgreSQL of its data."""
        return self.labels.get(_MAJOR, "")

    @property
    def moved_from(self) -> str:
        """The major that an upgrade moved its data from; empty if none did."""
        return self.labels.get(docker_plan.MOVED_FROM, "")


def findings(settings: Settings, kind: str) -> Iterator[Finding | Untold]:
    """Yield what is wrong with the project's servers at the engine."""
    folder = State(settings).folder
    if shutil.which("docker") is None:
        return
    try:
        found = _read(settings, folder)
        for one in found:
            yield from judge(one, settings)
        yield from _of_other_majors(found, settings)
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
    client = one.name + _CLIENT
    if client in one.containers:
        yield Finding(
            code="left-over-container",
            message=f"an upgrade that was killed left container {client}",
            remedy=f"docker rm --force --volumes {client}",
            mend=Act(did=f"removed container {client}", act=lambda: _remove_container(client)),
        )
    if one.name + _MOVING in one.volumes:
        where = f"volume {one.name}"
        yield upgrades.interrupted(where, one.major, partial(_command, one, settings))
        return
    if mark in one.volumes and not has_volume and not has_container:
        yield Finding(
            code="left-over-volume",
            message=f"a command that was killed left volume {mark}, of a server that is not there",
            remedy=f"docker volume rm {mark}",
            mend=Act(did=f"removed volume {mark}", act=lambda: remove_volume(mark)),
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


def _of_other_majors(found: list[Server], settings: Settings) -> Iterator[Finding]:
    """Yield which data of this database are of another major, and whether an upgrade moved them."""
    ours = [one for one in found if one.labels.get(_DATABASE) == settings.database]
    if any(one.name + _MOVING in one.volumes or one.is_worked_on for one in ours):
        return  # the older data may be the only ones
    whole = {one.major: one for one in ours if one.name in one.volumes and one.major}
    moved = {one.moved_from: one.major for one in whole.values()}
    for major, one in whole.items():
        if major != str(settings.postgres):
            yield upgrades.other_major(
                f"volume {one.name}",
                major,
                settings,
                partial(_command, one, settings),
                moved_from=one.moved_from,
                moved_to=moved.get(major, ""),
                is_only=str(settings.postgres) not in whole,
            )


def _command(one: Server, settings: Settings, task: str, *arguments: str) -> str:
    """Return the command line of a task that works on this server's database."""
    database = one.labels.get(_DATABASE)
    before = "" if database == settings.database else f"DBTASKS_DATABASE={database} "
    return before + other_majors.command(settings, task, *arguments)


def _tasks(one: Server, settings: Settings) -> Callable[[str], str]:
    """Return what names the command of a task that works on this server."""
    flags = () if one.major == str(settings.postgres) else ("--postgres", one.major)
    return lambda name: _command(one, settings, name, *flags)


def _read(settings: Settings, folder: Path) -> list[Server]:
    wanted = f"label=dbtasks.project={settings.name}"
    labelled = (_KEY, _DATABASE, _MAJOR, docker_plan.MOVED_FROM)
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
            name, key, *values = line.split("\t")
            suffix = name.removeprefix(f"dbtasks-{key}")
            if suffix in {"", _UNFINISHED, _BEFORE, _MOVING, _CLIENT} and suffix != name:
                names[key][sort].add(name)
                labels[key] = dict(zip(labelled[1:], values, strict=True))
    return [
        Server(
            key=key,
            labels=labels[key],
            containers=frozenset(found["c"]),
            volumes=frozenset(found["v"]),
            is_worked_on=not is_free(folder / f"{key}.docker.lock")
            or upgrades.is_upgraded(folder, key.rpartition("-pg")[0]),
        )
        for key, found in sorted(names.items())
    ]


def _passwords(folder: Path, found: list[Server]) -> Iterator[Finding]:
    """Yield the passwords of servers that this engine does not have."""
    keys = {one.key for one in found}
    for path in sorted(folder.glob(f"*{_SECRET}")):
        key = path.name.removesuffix(_SECRET)
        lock = path.with_suffix(".lock")
        if upgrades.is_upgraded(folder, key.rpartition("-pg")[0]):
            continue
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


def remove_volume(name: str) -> bool:
    """Remove a volume, and tell whether it was there.

    Raises:
        ServerError: it cannot be removed.
    """
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


def _remove_container(name: str) -> bool:
    try:
        docker("container", "inspect", name)
    except DockerRefusedError:
        return False
    remove(name)
    return True
