"""What has to be done by hand to a compose service: its file is the project's own, and says it all."""

from __future__ import annotations

import re
import shlex
from typing import TYPE_CHECKING, Any

from dbtasks.errors import RefusedError
from dbtasks.servers import compose_file
from dbtasks.servers.container import docker_errors

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    from dbtasks.settings import Settings

_TAG = re.compile(r"(?P<name>.+:)(?P<major>\d+)(?P<rest>(?:[.-][^:/]*)?)")
_DATA = "/var/lib/postgresql"
_SINCE_18 = 18


def refusal(settings: Settings, target: int) -> RefusedError:
    """Return the refusal to change somebody's compose file, with every step to take as details."""
    docker = compose_file.client(settings)
    with docker_errors("the compose file cannot be read"):
        config = compose_file.read_config(docker)
    service = compose_file.find_service(config, settings.compose_service)
    raw = config["services"][service.name]
    files = _files(settings)
    image = str(raw.get("image") or "")
    user = service.env.get("POSTGRES_USER") or "postgres"
    database = service.env.get("POSTGRES_DB") or user
    execute = f"docker compose exec -T {service.name}"
    dump = f"before-{target}.sql"
    role = f"--username {shlex.quote(user)}"
    said = f"role {user} and database {database} already exist"
    steps = [
        "stop what writes to the database",
        f"(umask 077; {execute} pg_dumpall {role} > {dump})",
        f"docker compose stop {service.name}",
        *_changes(files, image, _mounts(raw), target),
        f"invoke {settings.label}.start",
        f"{execute} psql {role} --dbname postgres --quiet --output /dev/null < {dump}",
        f"invoke {settings.label}.status, look at your data, then rm {dump}",
    ]
    kind, source = service.data_mount
    kept = (
        f"the old data stay in {'folder' if kind == 'bind' else 'volume'} {source}"
        if source
        else ""
    )
    details = [f"{number}. {step}" for number, step in enumerate(steps, 1)]
    return RefusedError(
        f"service {service.name} runs {image or 'an image of its own'} because the compose file says so,"
        " and dbtasks does not change that file; nothing was changed",
        remedy=f"take these steps, of which psql may say that {said}, and nothing else; {kept or 'keep the old volume until all is well'}",
        code="compose-file",
        details=details,
    )


def _changes(
    files: Sequence[tuple[Path, list[str]]],
    image: str,
    mounts: Sequence[tuple[str, str]],
    target: int,
) -> Iterator[str]:
    """Yield what to write otherwise in the compose file, with the line where it is found."""
    tag = _TAG.fullmatch(image)
    new = (
        f"{tag['name']}{target}{tag['rest'] if '-' in tag['rest'] else ''}"
        if tag
        else f"an image of PostgreSQL {target}"
    )
    yield f"{_line(files, 'image:', image)}image: {image} becomes image: {new}"
    inside = _DATA if target >= _SINCE_18 else f"{_DATA}/data"
    for source, path in mounts:
        before, after = f"{source}:{path}", f"{source}-{target}:{inside}"
        yield f"{_line(files, source + ':', path)}the mount {before} becomes {after}, a new volume"
        if not source.startswith((".", "/", "~")):
            yield f"{_line(files, 'volumes:', indent=0)}add {source}-{target}: to the volumes of the file"


def _mounts(service: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Return source and path of the mounts that hold data, as the file's author named them."""
    return [
        (str(mount["source"]), str(mount["target"]))
        for mount in service.get("volumes") or ()
        if str(mount.get("target", "")).startswith(_DATA) and mount.get("source")
    ]


def _line(files: Sequence[tuple[Path, list[str]]], *words: str, indent: int | None = None) -> str:
    """Return file and number of the only line with all the words, as `compose.yaml line 4: `."""
    found = [
        (path, number)
        for path, lines in files
        for number, line in enumerate(lines, 1)
        if all(word in line for word in words)
        and (indent is None or len(line) - len(line.lstrip()) == indent)
    ]
    return f"{found[0][0].name} line {found[0][1]}: " if len(found) == 1 else ""


def _files(settings: Settings) -> list[tuple[Path, list[str]]]:
    """Return the compose files that can be read, with their lines."""
    return [
        (path, path.read_text(encoding="utf-8", errors="replace").splitlines())
        for path in compose_file.paths(settings)
        if path.is_file()
    ]
