"""Where a project's docker server answered last, remembered so that Docker need not be asked.

Standard library only. What is remembered is a place to try: whoever goes there has to find the data
that were there, by the identifier of the server's data, with the password of the state folder.
"""

from __future__ import annotations

import json
import shutil
from dataclasses import dataclass
from typing import TYPE_CHECKING

from dbtasks import private_files
from dbtasks.errors import SettingsError
from dbtasks.servers import docker_plan, engine
from dbtasks.servers.ports import LOOPBACK
from dbtasks.state import State
from dbtasks.url import DatabaseURL

if TYPE_CHECKING:
    from pathlib import Path

    from dbtasks.settings import Settings

# Somebody else may have taken the port: the password goes to nobody who does not know it.
ONLY_TO_OURS = {"require_auth": "scram-sha-256"}
_FORMAT = 1


@dataclass(frozen=True, kw_only=True)
class KnownAddress:
    """An address, and the identifier of the data that were there."""

    url: DatabaseURL
    system: str


def recall(settings: Settings) -> KnownAddress | None:
    """Return where the server of these settings was; None where another one may be meant by now."""
    if not _may_be_docker(settings) or shutil.which("docker") is None:
        return None
    try:
        kept = json.loads(_path(settings).read_text(encoding="utf-8"))
        port, system = kept.pop("port"), kept.pop("system")
        password = State(settings).kept_password(f"{settings.key}.docker")
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return None  # absent, or damaged: Docker tells
    wanted = _wanted(settings)
    if (
        kept != wanted
        or wanted["engine"] is None
        or type(port) is not int
        or type(system) is not str
        or settings.port not in {None, port}
        or not password
    ):
        return None
    url = DatabaseURL(
        host=LOOPBACK,
        port=port,
        user=settings.user,
        password=password,
        database=settings.database,
    )
    return KnownAddress(url=url, system=system)


def remember(settings: Settings, url: DatabaseURL, system: str) -> None:
    """Keep where the server of these settings has just answered."""
    kept = State(settings).kept_password(f"{settings.key}.docker")
    if url.host != LOOPBACK or not _may_be_docker(settings) or not kept or url.password != kept:
        return
    document = {**_wanted(settings), "port": url.port, "system": system}
    try:
        path = State(settings).path(_path(settings).name)
        private_files.write(path, json.dumps(document))
    except (OSError, SettingsError):
        return  # a read-only checkout has no memory


def forget(settings: Settings) -> None:
    """Remove what is remembered."""
    _path(settings).unlink(missing_ok=True)


def _may_be_docker(settings: Settings) -> bool:
    return settings.server == "docker" or (
        settings.server == "auto" and settings.url is None and settings.compose_service is None
    )


def _wanted(settings: Settings) -> dict[str, object]:
    """Return all that decides which container it is, and what it was made with."""
    return {
        "format": _FORMAT,
        "engine": engine.engine_named(),
        "labels": docker_plan.container_labels(settings),
    }


def _path(settings: Settings) -> Path:
    return State(settings).folder / f"{settings.key}.docker.address.json"
