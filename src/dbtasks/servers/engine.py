"""The Docker engine as seen from here: does it answer, where is it, what does a command print.

Standard library only: python-on-whales costs 0.5 s to import and gives a command no time limit,
and `auto` asks for an engine before it knows whether there is one.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import shutil
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from dbtasks.errors import ServerError
from dbtasks.masking import environment_without_passwords
from dbtasks.servers.ports import LOOPBACK

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

LOCAL_REMEDY = "set server = local to do without Docker (pip install 'dbtasks[embedded]')"
_START_REMEDY = f"start Docker, or {LOCAL_REMEDY}"
_PATIENCE = 5.0
_UNREACHABLE = re.compile(
    r"cannot connect to the docker daemon|error during connect|failed to connect to the docker api"
    r"|permission denied while trying to connect|unable to resolve docker endpoint"
    r"|context \S+ not found|context not found|failed to initialize",
    re.IGNORECASE,
)
_SECRET = re.compile(r"(PASSWORD\w*[\"']?\s*[=:]\s*).*", re.IGNORECASE)


def engine_answers(timeout: float = _PATIENCE) -> bool:
    """Tell in at most `timeout` seconds whether a Docker engine answers the docker client."""
    return _ask("version", "--format", "{{.Server.Version}}", timeout=timeout) != ""


def engine_host() -> str:
    """Return the host whose ports the engine publishes, `127.0.0.1` for an engine on this machine.

    `DOCKER_HOST` wins over the current context, as in the docker client itself.
    """
    endpoint = os.environ.get("DOCKER_HOST") or (
        ""
        if _is_default_context()
        else _ask("context", "inspect", "--format", "{{.Endpoints.docker.Host}}")
    )
    if not endpoint.startswith(("tcp://", "ssh://", "http://", "https://")):
        return LOOPBACK
    host = urlsplit(endpoint).hostname or ""
    return LOOPBACK if host in {"", "localhost", "::1"} or host.startswith("127.") else host


def engine_named() -> list[str] | None:
    """Return what says which engine the docker client asks, None if that cannot be read."""
    context = _configured_context()
    if context is None:
        return None
    return [os.environ.get("DOCKER_HOST", ""), os.environ.get("DOCKER_CONTEXT", ""), context]


def _is_default_context() -> bool:
    """Tell whether the docker client certainly uses its default context, the engine of this machine.

    What cannot be read is a question to the client, which takes a process of its own.
    """
    if os.environ.get("DOCKER_CONTEXT"):
        return False
    return _configured_context() in {"", "default"}


def _configured_context() -> str | None:
    folder = os.environ.get("DOCKER_CONFIG") or os.path.expanduser("~/.docker")  # noqa: PTH111
    try:
        config = json.loads(Path(folder, "config.json").read_bytes())
        return str(config.get("currentContext", ""))
    except FileNotFoundError:
        return ""
    except (OSError, ValueError, AttributeError):
        return None


def check_engine_is_here() -> None:
    """Refuse an engine on another machine, whose loopback cannot be reached from this one.

    Raises:
        ServerError: the engine is elsewhere.
    """
    host = engine_host()
    if host != LOOPBACK:
        raise ServerError(
            f"the Docker engine is on {host}, and a port published on its 127.0.0.1 cannot be reached from here",
            remedy=f"unset DOCKER_HOST or choose a local context (docker context use default), or {LOCAL_REMEDY}",
            code="engine",
        )


def no_client() -> ServerError:
    """Return the error for a machine without the docker client."""
    return ServerError("the docker client is not on PATH", remedy=_START_REMEDY, code="engine")


def unreachable(output: str) -> ServerError | None:
    """Return the error for an engine that does not answer, if that is what the output says."""
    if not _UNREACHABLE.search(output):
        return None
    remedy = _START_REMEDY
    if "permission denied" in output.lower():
        remedy = f"let your account use Docker (sudo usermod -aG docker $USER), or {LOCAL_REMEDY}"
    elif "context" in output.lower():
        remedy = "choose another context with docker context use, or unset DOCKER_CONTEXT"
    return ServerError(
        f"no Docker engine answers: {telling_line(output)}", remedy=remedy, code="engine"
    )


def telling_line(output: str) -> str:
    """Return the line of a command's error output that says why, without passwords."""
    lines = [line.strip() for line in output.splitlines() if line.strip()]
    lines = [line for line in lines if not line.startswith("time=")] or lines
    for line in lines:
        if "Error response from daemon" in line:
            return redact(line.rpartition("Error response from daemon:")[2].strip())
    return redact(lines[-1]) if lines else "it did not say why"


def redact(text: str) -> str:
    """Cut off what follows the name of a password variable."""
    return _SECRET.sub(r"\1***", text)


def output_lines(command: Sequence[object]) -> Iterator[str]:
    """Yield the lines that a command prints, both streams together, and end it when nobody listens."""
    argv = [str(part) for part in command]
    with subprocess.Popen(
        argv,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        env=environment_without_passwords(),
        encoding="utf-8",
        errors="replace",
    ) as process:
        assert process.stdout is not None
        try:
            for line in process.stdout:
                yield line.rstrip("\r\n")
        finally:
            process.terminate()


def _ask(*arguments: str, timeout: float = _PATIENCE) -> str:
    client = shutil.which("docker")
    if client is None:
        return ""
    with contextlib.suppress(OSError, subprocess.SubprocessError):
        return subprocess.run(
            [client, *arguments],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            check=True,
            env=environment_without_passwords(),
            timeout=timeout,
            encoding="utf-8",
            errors="replace",
        ).stdout.strip()
    return ""
