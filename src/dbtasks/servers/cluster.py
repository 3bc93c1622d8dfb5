"""A cluster: the folder of a local server, its data, its log, and the process that serves it."""

from __future__ import annotations

import contextlib
import json
import os
import secrets
import shutil
import signal
import subprocess
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from dbtasks.errors import ServerError
from dbtasks.servers import drafts
from dbtasks.servers.account import server_environment

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from dbtasks.servers.account import Account
    from dbtasks.servers.binaries import Binaries

_MARKER = "dbtasks.json"
_STARTED = "started.json"
_POLL = 0.05
_LOG_LIMIT = 10_000_000
_DISK_FULL = "make room on the disk, or let DBTASKS_STATE_DIR name a folder on another one"
_launched: set[int] = set()


@dataclass(frozen=True, kw_only=True)
class Postmaster:
    """The process of a running server, and the port it listens on."""

    pid: int
    port: int


@dataclass(frozen=True, kw_only=True)
class Cluster:
    """A folder that holds `data`, `server.log` and a marker of ours."""

    folder: Path
    account: Account

    @property
    def data(self) -> Path:
        """PostgreSQL's data folder."""
        return self.folder / "data"

    @property
    def log(self) -> Path:
        """The server's log."""
        return self.folder / "server.log"

    def exists(self) -> bool:
        """Tell whether the cluster was made, completely.

        Raises:
            ServerError: the folder is there without our marker.
        """
        if (self.folder / _MARKER).is_file():
            return True
        if os.path.lexists(self.folder):
            raise ServerError(
                f"{self.folder} is in the way: it is no server of dbtasks",
                remedy="move it elsewhere, or let DBTASKS_STATE_DIR name another folder",
                code="not-ours",
            )
        return False

    def major(self) -> int:
        """Return the major version that the data belong to."""
        return int((self.data / "PG_VERSION").read_text(encoding="ascii").strip())

    def create(self, binaries: Binaries, *, user: str, password: str, timeout: float) -> None:
        """Run initdb in a draft, which becomes the cluster's folder when it is complete.

        Raises:
            ServerError: initdb failed; nothing of it stays.
        """
        try:
            with drafts.draft_of(self.folder) as draft:
                if self.account.switch:
                    draft.chmod(0o711)
                data = draft / "data"
                data.mkdir(mode=0o700)
                self.account.own(data)
                secret = draft / "password"
                secret.touch(mode=0o600)
                secret.write_text(password + "\n", encoding="utf-8")
                self.account.own(secret)
                self._initdb(binaries, draft, user=user, timeout=timeout)
                secret.unlink()
                marker = {"id": secrets.token_hex(8), "postgres": binaries.version}
                (draft / _MARKER).write_text(json.dumps(marker) + "\n", encoding="utf-8")
        except OSError as error:
            raise ServerError(
                f"no server can be made in {self.folder.parent}: {error.strerror or error}",
                remedy=_DISK_FULL,
                code="initdb",
            ) from error

    def remove(self) -> None:
        """Remove the folder with everything in it.

        Raises:
            ServerError: something in it cannot be removed.
        """
        try:
            drafts.remove(self.folder)
        except OSError as error:
            raise ServerError(
                f"{self.folder} cannot be removed: {error}",
                remedy="remove it as the user it belongs to",
                code="remove",
            ) from error

    def remove_drafts(self) -> None:
        """Remove what killed commands left half made or half removed."""
        drafts.remove_drafts(self.folder)

    def running(self) -> Postmaster | None:
        """Return the server's process if it lives.

        A crash leaves `postmaster.pid` behind, and its number may be another process by now.
        """
        try:
            lines = (self.data / "postmaster.pid").read_text(errors="replace").splitlines()
            process = Postmaster(pid=int(lines[0]), port=int(lines[3]))
        except (OSError, ValueError, IndexError):
            return None
        return process if self.is_alive(process.pid) else None

    def is_alive(self, pid: int) -> bool:
        """Tell whether the process is there and serves this cluster."""
        if pid in _launched:
            with contextlib.suppress(ChildProcessError):
                os.waitpid(pid, os.WNOHANG)  # a dead child of ours stays a zombie until asked for
        command = _command(pid)
        return self._option() in command or str(self.data) in command

    def started_with(self) -> object:
        """Return the options of the last start."""
        try:
            return json.loads((self.folder / _STARTED).read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return None

    def launch(self, binaries: Binaries, options: Mapping[str, str], port: int) -> int:
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
        argv = [binaries.program("postgres"), "-D", str(self.data)]
        for name, value in {**options, **fixed}.items():
            argv += ["-c", f"{name}={value}"]
        argv += ["-c", self._option()]
        try:
            (self.data / "postmaster.pid").unlink(missing_ok=True)  # nothing lives: a stale one
            (self.folder / _STARTED).write_text(json.dumps(dict(options)), encoding="utf-8")
            pid = self._spawn(argv)
        except OSError as error:
            raise ServerError(
                f"PostgreSQL {binaries.version} in {self.folder} cannot be started: {error}",
                remedy="check the folder's owner and the room on its disk",
                code="start",
            ) from error
        _launched.add(pid)
        return pid

    def stop(self, *, timeout: float, immediate: bool = False) -> None:
        """Stop the server if it runs: fast, or without a last checkpoint when the data will go.

        Raises:
            ServerError: it still runs after `timeout` seconds.
        """
        process = self.running()
        if process is None:
            return
        try:
            os.kill(process.pid, signal.SIGQUIT if immediate else signal.SIGINT)
        except ProcessLookupError:
            return
        except PermissionError as error:
            raise ServerError(
                f"the server in {self.folder} belongs to another user (process {process.pid})",
                remedy="stop it as that user",
                code="stop",
            ) from error
        limit = time.monotonic() + timeout
        while self.is_alive(process.pid):
            if time.monotonic() > limit:
                raise ServerError(
                    f"PostgreSQL in {self.folder} did not stop in {timeout:.0f} s (process {process.pid})",
                    remedy="see invoke db.logs, then try again",
                    code="stop-timeout",
                    details=self.last_lines(),
                )
            time.sleep(_POLL)

    def log_size(self) -> int:
        """Return the size of the log in bytes."""
        return self.log.stat().st_size if self.log.exists() else 0

    def last_lines(self, since: int = 0, count: int = 10) -> list[str]:
        """Return the last lines of the log, of those after byte `since`."""
        if not self.log.exists():
            return []
        with self.log.open("rb") as file:
            file.seek(since)
            return file.read().decode(errors="replace").splitlines()[-count:]

    def _option(self) -> str:
        """Return the option that marks the server's process as this cluster's."""
        marker: dict[str, Any] = json.loads((self.folder / _MARKER).read_text(encoding="utf-8"))
        return f"dbtasks.id={marker['id']}"

    def _spawn(self, argv: list[str]) -> int:
        if self.log_size() > _LOG_LIMIT:
            self.log.replace(self.log.with_name("server.log.1"))
        flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_NOFOLLOW
        with open(os.open(self.log, flags, 0o600), "ab") as log:  # noqa: PTH123
            process = subprocess.Popen(  # noqa: S603
                argv,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                cwd=self.folder,
                env=server_environment(),
                start_new_session=True,
                **self.account.spawn_arguments(),
            )
        process.returncode = 0  # it outlives us on purpose: no warning about a running child
        return process.pid

    def _initdb(self, binaries: Binaries, draft: Path, *, user: str, timeout: float) -> None:
        """Try one locale after the other; Unicode characters sort by their number in each."""
        variants = [["--locale=C.UTF-8"], ["--locale=C"]]
        if binaries.major >= 17:
            variants = [
                ["--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8"],
            ]
        for variant in variants:
            argv = [
                binaries.program("initdb"),
                f"--pgdata={draft / 'data'}",
                f"--username={user}",
                f"--pwfile={draft / 'password'}",
                "--auth=scram-sha-256",
                "--encoding=UTF8",
                "--lc-messages=C",
                *variant,
            ]
            lines, failed = _run(argv, draft, self.account, timeout)
            if not failed:
                return
            if not any("invalid locale name" in line for line in lines):
                break
        full = any("No space left" in line for line in lines)
        raise ServerError(
            f"initdb of PostgreSQL {binaries.version} failed in {self.folder.parent}"
            + (": no space left on the disk" if full else ""),
            remedy=_DISK_FULL if full else f"mend what initdb says; it came from {binaries.place}",
            code="initdb",
            details=lines[-8:],
        )


def _run(argv: list[str], cwd: Path, account: Account, timeout: float) -> tuple[list[str], bool]:
    """Run a program as the account; return its output's lines, and whether it failed."""
    try:
        done = subprocess.run(  # noqa: S603
            argv,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            check=False,
            cwd=cwd,
            env=server_environment(),
            timeout=timeout,
            **account.spawn_arguments(),
        )
    except subprocess.TimeoutExpired:
        return [f"{argv[0]} did not end in {timeout:.0f} s"], True
    lines = [line for line in done.stdout.decode(errors="replace").splitlines() if line.strip()]
    return lines, done.returncode != 0


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
    done = subprocess.run(argv, capture_output=True, check=False, timeout=10)  # noqa: S603
    return os.fsdecode(done.stdout)
