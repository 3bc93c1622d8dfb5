"""A container as Docker describes it, and what its refusals mean; for the kinds docker and compose."""

from __future__ import annotations

import contextlib
import re
import sys
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from python_on_whales.client_config import ClientNotFoundError
from python_on_whales.exceptions import DockerException

from dbtasks.errors import ServerError
from dbtasks.servers import engine
from dbtasks.servers.ports import LOOPBACK
from dbtasks.servers.throwaway.client import DockerRefusedError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from python_on_whales import Container as Whale
    from python_on_whales import DockerClient

    from dbtasks.url import DatabaseURL

POSTGRES_PORT = 5432
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
# As in "Bind for 127.0.0.1:5432 failed" and "listen tcp4 0.0.0.0:5432: bind".
_PORT_IN_WORDS = re.compile(r"(?:\d+(?:\.\d+){3}|\[?::\]?):(?P<port>\d+)")


@dataclass(frozen=True, kw_only=True)
class Seen:
    """A container at one moment; `address` is the host's address and port of PostgreSQL's port."""

    id: str
    name: str
    status: str
    exit_code: int
    labels: Mapping[str, str]
    image: str
    env: Mapping[str, str] = field(repr=False)
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
            address = (LOOPBACK, port)
        return cls(
            id=container.id,
            name=container.name,
            status=state.status or "",
            exit_code=state.exit_code or 0,
            labels=config.labels or {},
            image=config.image or "",
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
    except DockerRefusedError as error:
        raise _translated(error.output, doing) from None


def translate(error: DockerException, doing: str) -> ServerError:
    """Say in one line what Docker refused."""
    return _translated(error.stderr or "", doing)


def _translated(output: str, doing: str) -> ServerError:
    unreachable = engine.unreachable(output)
    if unreachable is not None:
        return unreachable
    reason = engine.telling_line(output)
    if _PORT_REFUSED.search(output):
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


def refused_port(error: DockerException) -> int | None:
    """Return the port on this machine that Docker could not have, if that is what it says."""
    found = _PORT_IN_WORDS.search(error.stderr or "") if is_port_refused(error) else None
    return int(found["port"]) if found else None


def port_taken(docker: DockerClient, port: int, otherwise: str) -> ServerError:
    """Return the error for a port that is held, with its holder if that is a container."""
    holders = docker.container.list(filters=[("publish", str(port))])
    who = f"container {holders[0].name}" if holders else "another process"
    how = f"docker stop {holders[0].name}" if holders else "end that process"
    return ServerError(
        f"port {port} on {LOOPBACK} is held by {who}",
        remedy=f"{how}, or {otherwise}",
        code="port-taken",
    )


def parse_env(items: Iterable[str]) -> dict[str, str]:
    """Return `NAME=VALUE` items as a mapping."""
    return {name: value for name, _, value in (item.partition("=") for item in items)}


def password_misfit(seen: Seen, what: str) -> ServerError:
    """Return the error for a password that the server refuses; `what` says whose it is."""
    return ServerError(
        f"the password {what}: POSTGRES_PASSWORD acts on an empty volume only",
        remedy=f"keep the data: {_repair_command(seen)}; or {RECREATE}",
        code="password",
    )


def _repair_command(seen: Seen) -> str:
    """Return the command that gives the volume the password in the container's environment.

    Inside the container the unix socket asks for no password, and sh and psql pass it by a pipe;
    psql's own command sends a verifier only, so that the server's log does not get the password.
    """
    value = "$POSTGRES_PASSWORD"
    if not seen.env.get("POSTGRES_PASSWORD"):
        value = '$(cat "$POSTGRES_PASSWORD_FILE")'
    typed = rf'p="{value}"; printf "%s\n%s\n" "$p" "$p"'
    psql = r'psql -U "${POSTGRES_USER:-postgres}" -d postgres -c "\password"'
    return f"docker exec {seen.name} sh -c '{typed} | {psql}'"


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
    last = time.monotonic()

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
