"""The arguments of every process on the machine, as any other user could see them meanwhile."""

from __future__ import annotations

import contextlib
import threading
from pathlib import Path
from typing import TYPE_CHECKING

import psutil

if TYPE_CHECKING:
    from collections.abc import Iterator

# A docker client lives for 0.03 s at least; to look without a pause takes the processor from it.
_PAUSE = 0.01
_HAS_PROC = Path("/proc/self/cmdline").exists()


@contextlib.contextmanager
def arguments_seen() -> Iterator[set[str]]:
    """Collect the arguments of all processes, again and again, while the body runs."""
    seen: set[str] = set()
    done = threading.Event()

    def watch() -> None:
        while not done.wait(_PAUSE):
            for pid in psutil.pids():
                with contextlib.suppress(psutil.Error, OSError):
                    seen.add(_arguments(pid))

    thread = threading.Thread(target=watch)
    thread.start()
    try:
        yield seen
    finally:
        done.set()
        thread.join()


def _arguments(pid: int) -> str:
    if _HAS_PROC:  # a fraction of the time that psutil takes
        with open(f"/proc/{pid}/cmdline", "rb") as file:  # noqa: PTH123
            return file.read().replace(b"\0", b" ").decode(errors="replace")
    return " ".join(psutil.Process(pid).cmdline())
