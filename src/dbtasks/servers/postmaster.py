"""The postmaster: the process of a local server, which outlives the command that started it."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import signal
import subprocess
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from dbtasks import private_files
from dbtasks.errors import ServerError
from dbtasks.servers.account import server_environment

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from dbtasks.servers.binaries import Binaries
    from dbtasks.servers.cluster import Cluster

_STARTED = "started.json"
_POLL = 0.05
_LOG_LIMIT = 10_000_000
_launched: set[int] = set()


@dataclass(frozen=True, kw_only=True)
class Postmaster:
    """The process of a running server, and the port it listens on."""

    pid: int
    port: int


def running(cluster: Cluster) -> Postmaster | None:
    """Return the server's process if it lives.

    A crash leaves `postmaster.pid` behind, and its number may be another process by now.
    """
    try:
        lines = (cluster.data / "postmaster.pid").read_text(errors="replace").splitlines()
        process = Postmaster(pid=int(lines[0]), port=int(lines[3]))
    except (OSError, ValueError, IndexError):
        return None
    return process if is_alive(cluster, process.pid) else None


def is_alive(cluster: Cluster, pid: int) -> bool:
    """Tell whether the process is there and serves this cluster."""
    if pid in _launched:
        # A dead child stays a zombie until asked for, and a new one has no command line for a moment.
        with contextlib.suppress(ChildProcessError):  # we are a fork of its parent
            ended, _ = os.waitpid(pid, os.WNOHANG)
            if ended:
                _launched.discard(pid)
            return not ended
    return _serves(cluster, _command(pid))


def await_unrecorded(cluster: Cluster, *, timeout: float) -> None:
    """Wait while a postmaster of this cluster has not written `postmaster.pid` yet.

    The start of a killed command leaves such a one for a moment: a second one beside it would end,
    and take the first one's lock file with it. After `timeout` seconds it is left to itself.
    """
    limit = time.monotonic() + timeout
    while running(cluster) is None and time.monotonic() < limit:
        if not any(_serves(cluster, command) for command in _commands()):
            return
        time.sleep(_POLL)


def started_with(cluster: Cluster) -> object:
    """Return the options of the last start."""
    try:
        return json.loads((cluster.folder / _STARTED).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None


def launch(cluster: Cluster, binaries: Binaries, options: Mapping[str, str], port: int) -> int:
    """Start the server in a session of its own and return its process number; do not wait.

    Options go into argv, where they win over everything in the data folder: a server that
    listens to loopback only cannot be talked out of it by ALTER SYSTEM.

    Raises:
        ServerError: the program cannot be run, or the folder cannot be written.
    """
    fixed = {
        "listen_addresses": "127.0.0.1",
        "port": str(port),
        "unix_socket_directories": "",  # its path may have 107 bytes at most, and is not needed
        "logging_collector": "off",
    }
    argv = [binaries.program("postgres"), "-D", str(cluster.data)]
    for name, value in {**options, **fixed}.items():
        argv += ["-c", f"{name}={value}"]
    argv += ["-c", cluster.mark()]
    try:
        (cluster.data / "postmaster.pid").unlink(missing_ok=True)  # nothing lives: a stale one
        private_files.write(cluster.folder / _STARTED, json.dumps(dict(options)))
        pid = _spawn(cluster, argv)
    except OSError as error:
        raise ServerError(
            f"PostgreSQL {binaries.version} in {cluster.folder} cannot be started: {error}",
            remedy="check the folder's owner and the room on its disk",
            code="start",
        ) from error
    _launched.add(pid)
    return pid


def stop(cluster: Cluster, *, timeout: float, immediate: bool = False) -> None:
    """Stop the server if it runs: fast, or without a last checkpoint when the data will go.

    Raises:
        ServerError: it still runs after `timeout` seconds.
    """
    process = running(cluster)
    if process is None:
        return
    try:
        os.kill(process.pid, signal.SIGQUIT if immediate else signal.SIGINT)
    except ProcessLookupError:
        return
    except PermissionError as error:
        raise ServerError(
            f"the server in {cluster.folder} belongs to another user (process {process.pid})",
            remedy="stop it as that user",
            code="stop",
        ) from error
    limit = time.monotonic() + timeout
    while is_alive(cluster, process.pid):
        if time.monotonic() > limit:
            raise ServerError(
                f"PostgreSQL in {cluster.folder} did not stop in {timeout:.0f} s (process {process.pid})",
                remedy="see invoke db.logs, then try again",
                code="stop-timeout",
                details=cluster.last_lines(),
            )
        time.sleep(_POLL)


def _spawn(cluster: Cluster, argv: list[str]) -> int:
    if cluster.log_size() > _LOG_LIMIT:
        cluster.log.replace(cluster.log.with_name("server.log.1"))
    flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_NOFOLLOW
    with open(os.open(cluster.log, flags, 0o600), "ab") as log:  # noqa: PTH123
        process = subprocess.Popen(
            argv,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            cwd=cluster.folder,
            env=server_environment(),
            start_new_session=True,
            **cluster.account.spawn_arguments(),
        )
    process.returncode = 0  # it outlives us on purpose: no warning about a running child
    return process.pid


def _serves(cluster: Cluster, command: str) -> bool:
    """Tell whether a command line is that of this cluster's postmaster."""
    if not command:
        return False
    try:
        return cluster.mark() in command or f" -D {cluster.data}" in command
    except FileNotFoundError:  # removed meanwhile, which is done after the end of its server
        return False


def _commands() -> Iterator[str]:
    """Yield the command lines of all processes."""
    if os.path.isdir("/proc/self"):  # noqa: PTH112
        yield from (_command(int(name)) for name in os.listdir("/proc") if name.isdecimal())  # noqa: PTH208
        return
    program = shutil.which("ps") or "/bin/ps"
    argv = [program, "-axww", "-o", "command="]
    done = subprocess.run(argv, capture_output=True, check=False, timeout=10)
    yield from os.fsdecode(done.stdout).splitlines()


def _command(pid: int) -> str:
    """Return the command line of a process; empty when there is none, or a zombie."""
    if os.path.isdir("/proc/self"):  # noqa: PTH112
        try:
            with open(f"/proc/{pid}/cmdline", "rb") as file:  # noqa: PTH123
                return os.fsdecode(file.read().replace(b"\0", b" "))
        except OSError:
            return ""
    program = shutil.which("ps") or "/bin/ps"
    argv = [program, "-ww", "-o", "command=", "-p", str(pid)]
    done = subprocess.run(argv, capture_output=True, check=False, timeout=10)
    return os.fsdecode(done.stdout)
