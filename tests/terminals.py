"""Commands run at a terminal: a pseudo-terminal is all three streams, and somebody types."""

from __future__ import annotations

import contextlib
import fcntl
import os
import pty
import re
import select
import subprocess
import sys
import termios
import time
from typing import TYPE_CHECKING

from consumers import Done

if TYPE_CHECKING:
    from consumers import Project

_CONTROL = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")


def at_terminal(
    project: Project, *arguments: str, question: str, typed: str, timeout: float = 120
) -> Done:
    """Run `invoke ARGUMENTS` at a terminal, and type a text once the question is there.

    `out` is all that the terminal was sent but for control sequences, with the line ends of a file.
    """
    terminal, streams = pty.openpty()
    environ = {**project.environ, "TERM": "xterm", "COLUMNS": "300", "NO_COLOR": "1"}
    process = subprocess.Popen(
        [sys.executable, "-m", "invoke", *arguments],
        cwd=project.root,
        env=environ,
        stdin=streams,
        stdout=streams,
        stderr=streams,
        start_new_session=True,
        preexec_fn=_take_terminal,
    )
    os.close(streams)
    limit, shown, answered = time.monotonic() + timeout, b"", False
    try:
        while chunk := _read(terminal, limit):
            shown += chunk
            if not answered and question.encode() in shown:
                os.write(terminal, typed.encode())
                answered = True
        code = process.wait(max(1, limit - time.monotonic()))
    finally:
        if process.poll() is None:
            process.kill()
            process.wait()
        os.close(terminal)
    assert answered, shown.decode(errors="replace")
    return Done(code, _CONTROL.sub("", shown.decode()).replace("\r\n", "\n"), "")


def _take_terminal() -> None:
    """Let the terminal's Ctrl-C reach the command."""
    fcntl.ioctl(0, termios.TIOCSCTTY, 0)


def _read(terminal: int, limit: float) -> bytes:
    """Return what the terminal shows next, nothing when its programs have ended."""
    ready, _, _ = select.select([terminal], [], [], max(0, limit - time.monotonic()))
    if not ready:
        message = "the command neither ended nor showed anything more"
        raise TimeoutError(message)
    with contextlib.suppress(OSError):  # Linux: nobody has the other side open any more
        return os.read(terminal, 65536)
    return b""
