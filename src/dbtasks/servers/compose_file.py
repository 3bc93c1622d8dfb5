"""What Docker Compose says about the project's file: the service, its settings, its volumes."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from python_on_whales import DockerClient
from python_on_whales.exceptions import DockerException

from dbtasks.errors import ServerError, SettingsError
from dbtasks.servers import engine
from dbtasks.servers.container import POSTGRES_PORT
from dbtasks.values import port as read_port

if TYPE_CHECKING:
    from collections.abc import Mapping

    from dbtasks.settings import Settings

# The names that Compose looks for, in the folder and the ones above it.
_FILES = ("compose.yaml", "compose.yml", "docker-compose.yaml", "docker-compose.yml")
_DATA = "/var/lib/postgresql"


@dataclass(frozen=True, kw_only=True)
class Service:
    """The database's service, with everything resolved by Compose.

    `data_mount` is the mount that holds the data: its type, and its source as Docker knows it,
    and `data_target` where the container has it;
    `volumes` are the named volumes that Compose made for this service, by their real names.
    """

    project: str
    name: str
    env: Mapping[str, str] = field(repr=False)
    files: Mapping[str, Path]
    publishes: bool
    volumes: tuple[str, ...]
    data_mount: tuple[str, str]
    data_target: str
    image: str


def client(settings: Settings, *, every_profile: bool = True) -> DockerClient:
    """Return the client for the project's compose file.

    A service with a profile is shown, started and stopped by name only with its profile on. With
    `--project-directory`, Compose's own rules for file names, overrides, .env and the project's
    name hold, whatever the working directory is.
    """
    profiles = ["*"] if every_profile else []
    if settings.compose_file is not None:
        path = settings.root / Path(settings.compose_file).expanduser()
        if path.exists() and not path.is_file() and not path.is_dir():  # Compose waits for a pipe
            raise SettingsError(
                f"the compose file {path} is no plain file",
                remedy="set compose_file (DBTASKS_COMPOSE_FILE) to another one",
                code="compose-file",
            )
        return DockerClient(compose_files=[path], compose_profiles=profiles)
    return DockerClient(compose_project_directory=_folder(settings), compose_profiles=profiles)


def paths(settings: Settings) -> list[Path]:
    """Return the files that may make up the project's compose file, by the names that Compose looks for."""
    if settings.compose_file is not None:
        return [settings.root / Path(settings.compose_file).expanduser()]
    folder = _folder(settings)
    overrides = (name.replace(".y", ".override.y") for name in _FILES)
    return [folder / name for name in (*_FILES, *overrides)]


def _folder(settings: Settings) -> Path:
    folders = (settings.root, *settings.root.parents)
    return next(
        (folder for folder in folders if any((folder / name).is_file() for name in _FILES)),
        settings.root,
    )


def read_config(docker: DockerClient) -> dict[str, Any]:
    """Return the project's whole configuration as Compose resolves it.

    Raises:
        SettingsError: no file, or one that Compose does not accept.
        ServerError: there is no Compose.
    """
    try:
        return docker.compose.config(return_json=True)
    except DockerException as error:
        # The lines after the first quote the file, passwords included.
        lines = [line for line in (error.stderr or "").splitlines() if "level=warn" not in line]
        reason = engine.telling_line("\n".join(lines[:1]))
    try:
        docker.compose.version()
    except DockerException:
        raise ServerError(
            "the docker client has no compose plugin",
            remedy="install Docker Compose 2 (docs.docker.com/compose/install), or set server = docker",
            code="compose",
        ) from None
    if "no configuration file" in reason or "no such file" in reason:
        raise SettingsError(
            f"there is no compose file: {reason}",
            remedy="set compose_file (DBTASKS_COMPOSE_FILE), or another kind of server",
            code="compose-file",
        )
    raise SettingsError(
        f"Docker Compose does not accept the compose file: {reason}",
        remedy="docker compose config shows the same; mend the file",
        code="compose-file",
    )


def find_service(config: Mapping[str, Any], name: str | None) -> Service:
    """Return the database's service.

    Raises:
        SettingsError: it is not set, or not in the file.
    """
    services = config.get("services") or {}
    if name is None or name not in services:
        known = ", ".join(sorted(services)) or "none"
        said = "compose_service is not set" if name is None else f"there is no service {name}"
        raise SettingsError(
            f"{said}; the services of compose project {config.get('name')} are: {known}",
            remedy="set compose_service (DBTASKS_COMPOSE_SERVICE) to the one that runs PostgreSQL",
            code="compose-service",
        )
    service = services[name]
    env = {
        key: _unescape(value)
        for key, value in (service.get("environment") or {}).items()
        if value is not None
    }
    port = _port(env.get("PGPORT") or str(POSTGRES_PORT), name)
    *data_mount, data_target = _data_mount(config, service, env.get("PGDATA", ""))
    return Service(
        project=config.get("name", ""),
        name=name,
        env=env,
        files=_files(config, service),
        publishes=service.get("network_mode") == "host"
        or any(str(item.get("target", 0)) == str(port) for item in service.get("ports") or ()),
        volumes=_own_volumes(config, name),
        data_mount=(data_mount[0], data_mount[1]),
        data_target=data_target,
        image=_unescape(service.get("image") or ""),
    )


def _port(text: str, name: str) -> int:
    try:
        return read_port(text)
    except ValueError as error:
        raise SettingsError(
            f"PGPORT of service {name} {error}",
            remedy="correct it in the service's environment in the compose file",
            code="compose-service",
        ) from error


def _files(config: Mapping[str, Any], service: Mapping[str, Any]) -> dict[str, Path]:
    """Return the files on this machine behind the files that a container sees."""
    defined = config.get("secrets") or {}
    found = {}
    for secret in service.get("secrets") or ():
        file = (defined.get(secret["source"]) or {}).get("file")
        target = secret.get("target") or secret["source"]
        if file:
            inside = target if target.startswith("/") else f"/run/secrets/{target}"
            found[inside] = Path(_unescape(file))
    for mount in service.get("volumes") or ():
        if mount.get("type") == "bind" and mount.get("source"):
            found[mount["target"]] = Path(_unescape(mount["source"]))
    return found


def _own_volumes(config: Mapping[str, Any], name: str) -> tuple[str, ...]:
    """Return the volumes that this service mounts and, but for the data, no other one."""
    services, defined = config["services"], config.get("volumes") or {}
    others = {
        mount.get("source")
        for other, service in services.items()
        if other != name
        for mount in service.get("volumes") or ()
        if mount.get("type") == "volume"
    }
    names = (
        defined[mount["source"]]["name"]
        for mount in services[name].get("volumes") or ()
        if mount.get("type") == "volume"
        and mount.get("source") in defined
        and not defined[mount["source"]].get("external")
        and (mount["source"] not in others or mount["target"].startswith(_DATA))
    )
    return tuple(dict.fromkeys(names))


def _data_mount(
    config: Mapping[str, Any], service: Mapping[str, Any], pgdata: str
) -> tuple[str, str, str]:
    """Return type, source and target of the mount that holds the data, as in ("bind", "/srv/pg", "/pg")."""
    for mount in service.get("volumes") or ():
        target = mount["target"].rstrip("/")
        if target.startswith(_DATA) or pgdata == target or pgdata.startswith(f"{target}/"):
            source = mount.get("source", "")
            volume = (config.get("volumes") or {}).get(source) or {}
            kind = "external" if volume.get("external") else mount.get("type", "")
            return kind, _unescape(volume.get("name", source)), target
    return "anonymous", "", ""


def _unescape(text: object) -> str:
    """Undo what `compose config` does to every dollar so that its output can be read again."""
    return str(text).replace("$$", "$")
