"""The log of a container, and what its last lines say of its end; for the kinds docker and compose."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from dbtasks.errors import ServerError
from dbtasks.servers import engine
from dbtasks.servers.container import RECREATE

if TYPE_CHECKING:
    from collections.abc import Iterator

    from python_on_whales import DockerClient

    from dbtasks.servers.container import Seen

_LOG_LINES = 15
_OTHER_MAJOR = re.compile(
    r"database files are incompatible with server|in 18\+, these Docker images", re.IGNORECASE
)
_BAD_PARAMETER = re.compile(
    r"FATAL:\s+(?P<what>.*(unrecognized configuration parameter|invalid value for parameter"
    r"|valid range for parameter|parameter \"[^\"]+\" (requires|cannot be)|could not access file).*)"
)


def log_lines(
    docker: DockerClient, seen: Seen | None, what: str, *, tail: int | None, follow: bool
) -> Iterator[str]:
    """Yield the lines of a container's log.

    Raises:
        ServerError: there is none; `what` says of which container that is.
    """
    if seen is None:
        raise ServerError(
            f"there is no container {what}, and so no log",
            remedy="invoke db.start makes it",
            code="not-running",
        )
    command = [*docker.client_config.docker_cmd, "container", "logs"]
    command += [] if tail is None else ["--tail", tail]
    command += ["--follow"] if follow else []
    return engine.output_lines([*command, seen.id])


def last_lines(docker: DockerClient, seen: Seen, count: int = _LOG_LINES) -> tuple[str, ...]:
    """Return the last lines of a container's log."""
    lines = log_lines(docker, seen, seen.name, tail=count, follow=False)
    return tuple(line for line in lines if line.strip())


def dead(docker: DockerClient, seen: Seen, parameters: str) -> ServerError:
    """Return the error for a container that has ended by itself, with its last words.

    `parameters` says where the parameters of the server are set.
    """
    lines = last_lines(docker, seen)
    if any(_OTHER_MAJOR.search(line) for line in lines):
        return ServerError(
            f"container {seen.name} ended: its volume holds data of another PostgreSQL major",
            remedy="go back to the major that wrote it, which is whole, and let invoke db.upgrade-server"
            f" --to MAJOR move it; or {RECREATE}",
            code="volume-major",
            details=lines,
        )
    refused = next(filter(None, map(_BAD_PARAMETER.search, reversed(lines))), None)
    if refused is not None:
        return ServerError(
            f"container {seen.name} ended: PostgreSQL refuses a parameter: {refused['what']}",
            remedy=f"correct {parameters}; the data is untouched",
            code="died",
            details=lines,
        )
    return ServerError(
        f"container {seen.name} ended with exit code {seen.exit_code} before PostgreSQL answered",
        remedy=f"mend what its last log lines name (invoke db.logs shows all), or {RECREATE}",
        code="died",
        details=lines,
    )
