"""Commands run by an interpreter that has imported the third-party packages already.

Importing Invoke, SQLAlchemy and Alembic takes three quarters of the processor time of a short
command, and the tests run hundreds of them. Here one process imports them once and is forked for
every command: each is still a process of its own, with its own arguments, folder, environment and
streams, which goes through `python -m` from its start to the interpreter's end, and imports dbtasks
and the project itself.
"""

from __future__ import annotations

import atexit
import contextlib
import functools
import gc
import importlib
import json
import os
import runpy
import selectors
import signal
import socket
import subprocess
import sys
import threading
import time

MODULES = (
    "alembic.autogenerate",
    "alembic.command",
    "alembic.ddl.postgresql",
    "invoke",
    "psycopg",
    "python_on_whales",
    "rich.console",
    "rich.progress",
    "rich.table",
    "sqlalchemy.dialects.postgresql",
    "sqlalchemy.orm",
)
# What decides at the interpreter's start how it runs.
_AT_START = ("PYTHON", "LANG", "LC_", "LD_")
_COLD = sys.platform != "linux" or os.environ.get("DBTASKS_TEST_COLD") == "1"


def can_run(environ: dict[str, str]) -> bool:
    """Tell whether the warm interpreter was started as one with this environment would be."""

    def at_start(variables: dict[str, str]) -> dict[str, str]:
        return {name: variables[name] for name in variables if name.startswith(_AT_START)}

    return not _COLD and at_start(environ) == at_start(dict(os.environ))


def run(
    module: str, arguments: tuple[str, ...], *, cwd: str, environ: dict[str, str], timeout: float
) -> tuple[int, str, str]:
    """Run `python -m MODULE ARGUMENTS`; return its exit code and what it printed.

    Raises:
        subprocess.TimeoutExpired: it did not end in time; it was killed.
    """
    ours, theirs = socket.socketpair()
    pipes = [os.pipe(), os.pipe()]
    with ours, theirs:
        try:
            _warm().fork([theirs.fileno(), *(write for _, write in pipes)])
        finally:
            for _, write in pipes:
                os.close(write)
        theirs.close()
        request = {"argv": [module, *arguments], "cwd": cwd, "environ": environ}
        ours.sendall(json.dumps(request).encode() + b"\n")
        with ours.makefile() as replies:
            pid = int(replies.readline())
            try:
                out, err = _read([read for read, _ in pipes], timeout)
                ours.settimeout(timeout)
                return int(replies.readline()), out, err
            except TimeoutError:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
                raise subprocess.TimeoutExpired([module, *arguments], timeout) from None
            finally:
                for read, _ in pipes:
                    os.close(read)


def _read(pipes: list[int], timeout: float) -> list[str]:
    """Read each pipe to its end, as universal text."""
    limit = time.monotonic() + timeout
    found = dict.fromkeys(pipes, b"")
    with selectors.DefaultSelector() as selector:
        for pipe in pipes:
            selector.register(pipe, selectors.EVENT_READ)
        while selector.get_map():
            ready = selector.select(limit - time.monotonic())
            if not ready and time.monotonic() > limit:
                raise TimeoutError
            for key, _ in ready:
                data = os.read(key.fd, 65536)
                found[key.fd] += data
                if not data:
                    selector.unregister(key.fd)
    texts = [data.decode() for data in found.values()]
    return [text.replace("\r\n", "\n").replace("\r", "\n") for text in texts]


class _Warm:
    """The process that is forked; it ends when this one does."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._control, theirs = socket.socketpair()
        with theirs:
            argv = [sys.executable, __file__, str(theirs.fileno())]
            self._process = subprocess.Popen(
                argv, pass_fds=[theirs.fileno()], stdin=subprocess.DEVNULL
            )

        atexit.register(self.end)

    def end(self) -> None:
        self._control.close()
        self._process.wait()

    def fork(self, fds: list[int]) -> None:
        with self._lock:
            socket.send_fds(self._control, [b"."], fds)


@functools.cache
def _warm() -> _Warm:
    return _Warm()


def _serve(control: socket.socket) -> None:
    """Fork for every command; return in the processes that have to run one."""
    keepers = set[int]()
    while True:
        data, fds, _, _ = socket.recv_fds(control, 1, 3)
        if not data:
            for keeper in keepers:
                os.waitpid(keeper, 0)
            os._exit(0)
        keepers = {keeper for keeper in keepers if not os.waitpid(keeper, os.WNOHANG)[0]}
        keeper = os.fork()
        if keeper == 0:
            _keep(socket.socket(fileno=fds[0]), *fds[1:])
            return
        keepers.add(keeper)
        for fd in fds:
            os.close(fd)


def _keep(client: socket.socket, out: int, err: int) -> None:
    """Return in a fork that is to run the command, and wait for it to tell how it ended."""
    with client.makefile() as requests:
        request = json.loads(requests.readline())
    pid = os.fork()
    if pid:
        for fd in (out, err):
            os.close(fd)
        client.sendall(f"{pid}\n".encode())
        status = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
        with contextlib.suppress(BrokenPipeError):
            client.sendall(f"{status}\n".encode())
        os._exit(0)
    os.dup2(out, 1)
    os.dup2(err, 2)
    os.closerange(3, 256)
    client.detach()
    os.chdir(request["cwd"])
    os.environ.clear()
    os.environ.update(request["environ"])
    sys.argv[:] = request["argv"]
    sys.path[0] = request["cwd"]


if __name__ == "__main__":
    for name in MODULES:
        importlib.import_module(name)
    gc.freeze()  # or each fork would walk through all of this as it ends
    _control = socket.socket(fileno=int(sys.argv[1]))
    _serve(_control)
    _control.detach()
    runpy.run_module(sys.argv[0], run_name="__main__", alter_sys=True)
