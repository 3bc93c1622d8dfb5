"""A container as Docker describes it, and what its refusals mean; for the kinds docker and compose."""

from __future__ import annotations

import contextlib
import errno
import re
import socket
import sys
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from python_on_whales.client_config import ClientNotFoundError
from python_on_whales.exceptions import DockerException

from dbtasks.errors import ServerError
from dbtasks.servers import engine

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from python_on_whales import Container as Whale
    from python_on_whales import DockerClient

    from dbtasks.url import DatabaseURL

POSTGRES_PORT = 5432
LOG_LINES = 15
RECREATE = "begin with an empty volume: invoke db.recreate (the data is lost)"
# Asking Docker takes 0.04 s of processor time, and PostgreSQL is asked ten times a second.
_LOOK_EVERY = 0.3
_STATES = {"running": "running", "restarting": "running", "paused": "paused", "removing": "absent"}
_PORT_REFUSED = re.compile(
    r"port is already allocated|address already in use|ports are not available", re.IGNORECASE
)
_IMAGE_REFUSED = re.compile(
    r"pull access denied|manifest unknown|manifest for .* not found|no such image|no such host"
    r"|failed to resolve reference|registry|/v2/|i/o timeout|unauthorized|toomanyrequests",
    re.IGNORECASE,
)
_OTHER_MAJOR = re.compile(
    r"database files are incompatible with server|in 18\+, these Docker images", re.IGNORECASE
)


@dataclass(frozen=True, kw_only=True)
class Seen:
    """A container at one moment; `address` is the host's address and port of PostgreSQL's port."""

    id: str
    name: str
    status: str
    exit_code: int
    labels: Mapping[str, str]
    env: Mapping[str, str]
    address: tuple[str, int] | None

    @classmethod
    def read(cls, container: Whale) -> Seen:
        """Read a container.

        python-on-whales asks Docker again for attributes that are read later than 0.01 s after
        the first, and then raises NoSuchContainer if it has been removed.
        """
        state, config = container.state, container.config
        network, host = container.network_settings, container.host_config
        env = parse_env(config.env or ())
        port = int(env.get("PGPORT") or POSTGRES_PORT)
        address = _published((network.ports or {}).get(f"{port}/tcp"))
        if address is None:
            bindings = (host.port_bindings or {}).get(f"{port}/tcp") or []
            address = _published([binding.model_dump(by_alias=True) for binding in bindings])
        if host.network_mode == "host":
            address = (engine.LOOPBACK, port)
        return cls(
            id=container.id,
            name=container.name,
            status=state.status or "",
            exit_code=state.exit_code or 0,
            labels=config.labels or {},
            env=env,
            address=address,
        )

    @property
    def state(self) -> str:
        """The state in the words of `ServerStatus`."""
        return _STATES.get(self.status, "stopped")

    @property
    def port(self) -> int | None:
        """The port on this machine, also of a container that is not running."""
        return self.address[1] if self.address else None


@contextlib.contextmanager
def docker_errors(doing: str) -> Iterator[None]:
    """Turn what python-on-whales raises into errors of ours.

    Its exceptions hold whole commands and outputs, so they are not chained.
    """
    try:
        yield
    except ClientNotFoundError:
        raise engine.no_client() from None
    except DockerException as error:
        raise translate(error, doing) from None


def translate(error: DockerException, doing: str) -> ServerError:
    """Say in one line what Docker refused."""
    output = error.stderr or ""
    unreachable = engine.unreachable(output)
    if unreachable is not None:
        return unreachable
    reason = engine.telling_line(output)
    if is_port_refused(error):
        return ServerError(
            f"{doing}: {reason}",
            remedy="stop what holds the port, or choose another one",
            code="port-taken",
        )
    if _IMAGE_REFUSED.search(output):
        return ServerError(
            f"{doing}: {reason}",
            remedy="check the image's name, or docker pull it when its registry can be reached",
            code="image",
        )
    return ServerError(
        f"{doing}: {reason}", remedy="see docker ps --all and invoke db.logs", code="docker"
    )


def is_port_refused(error: DockerException) -> bool:
    """Tell whether Docker could not have the port on this machine."""
    return _PORT_REFUSED.search(error.stderr or "") is not None


def parse_env(items: Iterable[str]) -> dict[str, str]:
    """Return `NAME=VALUE` items as a mapping."""
    return {name: value for name, _, value in (item.partition("=") for item in items)}


def port_is_taken(port: int) -> bool:
    """Tell whether something on this machine listens on 127.0.0.1 at the port."""
    with socket.socket() as probe:
        # As the engine does it; without it a port counts as taken while old connections linger.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((engine.LOOPBACK, port))
        except OSError as error:
            return error.errno == errno.EADDRINUSE
    return False


def last_lines(docker: DockerClient, container: str, count: int = LOG_LINES) -> tuple[str, ...]:
    """Return the last lines of a container's log."""
    command = [*docker.client_config.docker_cmd, "container", "logs", "--tail", count, container]
    return tuple(line for line in engine.output_lines(command) if line.strip())


def dead(docker: DockerClient, seen: Seen) -> ServerError:
    """Return the error for a container that has ended by itself, with its last words."""
    lines = last_lines(docker, seen.id)
    if any(_OTHER_MAJOR.search(line) for line in lines):
        return ServerError(
            f"container {seen.name} ended: its volume holds data of another PostgreSQL major",
            remedy=f"go back to the major that wrote it, or {RECREATE}",
            code="volume-major",
            details=lines,
        )
    return ServerError(
        f"container {seen.name} ended with exit code {seen.exit_code} before PostgreSQL answered",
        remedy=f"mend what its last log lines name (invoke db.logs shows all), or {RECREATE}",
        code="died",
        details=lines,
    )


def repair_command(seen: Seen) -> str:
    """Return the command that gives the volume the password in the container's environment.

    Inside the container the unix socket asks for no password, and sh and psql pass it by a pipe.
    """
    value = "$POSTGRES_PASSWORD"
    if not seen.env.get("POSTGRES_PASSWORD"):
        value = '$(cat "$POSTGRES_PASSWORD_FILE")'
    role = "${POSTGRES_USER:-postgres}"
    sql = rf'"ALTER ROLE \"{role}\" PASSWORD \$p\${value}\$p\$"'
    return f"docker exec {seen.name} sh -c 'printf %s {sql} | psql -U \"{role}\" -d postgres'"


def psql_inside(
    docker: DockerClient, container: str, url: DatabaseURL
) -> tuple[list[str], dict[str, str]]:
    """Return the argv of the psql in a container, and the variables it needs.

    `--env NAME` without a value hands the variable over without showing it.
    """
    argv = [*docker.client_config.docker_cmd, "exec", "--interactive", "--env", "PGPASSWORD"]
    argv += ["--tty"] if sys.stdin.isatty() else []
    argv += [container, "psql", "--username", url.user, "--dbname", url.database]
    return [str(part) for part in argv], {"PGPASSWORD": url.password}


def watch(look: Callable[[], Seen], judge: Callable[[Seen], None]) -> Callable[[], None]:
    """Return a check for `wait_until_ready` that looks at the container now and then."""
    last = 0.0

    def check() -> None:
        nonlocal last
        if time.monotonic() - last < _LOOK_EVERY:
            return
        last = time.monotonic()
        seen = look()
        if seen.state != "running":
            judge(seen)

    return check


class PullProgress:
    """Counts layers in what `docker pull` and `docker compose up` print without a terminal."""

    _LINE = re.compile(r"\s*(?P<layer>[0-9a-f]{12}):? (?P<what>[A-Z][A-Za-z ]+?)\s*")

    def __init__(self, image: str) -> None:
        self._image = image
        self._layers: dict[str, bool] = {}

    def read(self, line: str) -> str | None:
        """Return the progress to be said, None when nothing changed."""
        match = self._LINE.fullmatch(line)
        if match is None:
            return None
        done = match["what"] in {"Pull complete", "Already exists"}
        if self._layers.get(match["layer"], False) or not done:
            self._layers.setdefault(match["layer"], False)
            return None
        self._layers[match["layer"]] = True
        return f"pulling {self._image}: layer {sum(self._layers.values())} of {len(self._layers)}"


def _published(bindings: list[dict[str, str]] | None) -> tuple[str, int] | None:
    """Return the address to connect to, IPv4 rather than IPv6."""
    found = [
        (binding.get("HostIp") or "", int(binding["HostPort"]))
        for binding in bindings or ()
        if (binding.get("HostPort") or "0") != "0"
    ]
    for ip, port in sorted(found, key=lambda item: ":" in item[0]):
        return (engine.engine_host() if ip in {"", "0.0.0.0", "::"} else ip, port)  # noqa: S104
    return None
