"""Who a throwaway server is for: what tells the next run that nobody needs it any more."""

from __future__ import annotations

import contextlib
import os
import shutil
import socket
import subprocess
import time
from abc import ABC, abstractmethod
from dataclasses import dataclass
from pathlib import Path

IDLE_LIMIT = 24 * 3600.0


class Owner(ABC):
    """What a throwaway server lives for; written as one line of text, read by other processes."""

    @abstractmethod
    def needs_it(self) -> bool:
        """Tell whether the server may still be used; when it cannot be known, it may."""

    @staticmethod
    def parse(text: str) -> Owner | None:
        """Read what `str()` of an owner gave; None when it is no such text."""
        kind, _, rest = text.strip().partition(" ")
        if kind == "handle" and rest:
            return HandleFile(path=Path(rest))
        words = rest.split(" ")
        if kind == "process" and len(words) == 3 and words[0].isdecimal():
            return Process(pid=int(words[0]), started=words[1], host=words[2])
        return None


@dataclass(frozen=True, kw_only=True)
class Process(Owner):
    """A process; its start time tells it from a later one of the same number."""

    pid: int
    started: str
    host: str

    @classmethod
    def of(cls, pid: int) -> Process:
        """Return a process of this machine as an owner."""
        return cls(pid=pid, started=_start_time(pid), host=_here())

    def needs_it(self) -> bool:
        """Tell whether the process lives; those that cannot be seen from here count as living."""
        return self.host != _here() or _start_time(self.pid) == self.started

    def __str__(self) -> str:
        return f"process {self.pid} {self.started} {self.host}"


@dataclass(frozen=True, kw_only=True)
class HandleFile(Owner):
    """The file by which later runs find a server that is kept for them; each use touches it."""

    path: Path

    def needs_it(self) -> bool:
        """Tell whether somebody can still find the server, and has used it within a day."""
        try:
            return time.time() - self.path.stat().st_mtime < IDLE_LIMIT
        except (FileNotFoundError, NotADirectoryError):
            return False
        except OSError:  # another user's folder
            return True

    def __str__(self) -> str:
        return f"handle {self.path}"


def _here() -> str:
    """Return what tells from where one sees the same processes: machine, container, account."""
    space = ""
    with contextlib.suppress(OSError):
        space = os.readlink("/proc/self/ns/pid")  # noqa: PTH115
    return f"{socket.gethostname()}/{space}/{os.geteuid()}"


def _start_time(pid: int) -> str:
    """Return when a process started, in the system's own words; empty when there is none."""
    if os.path.isdir("/proc/self"):  # noqa: PTH112
        with contextlib.suppress(OSError, IndexError):
            # What precedes is the program's name, which may hold spaces and parentheses.
            fields = (
                Path(f"/proc/{pid}/stat").read_text(errors="replace").rpartition(")")[2].split()
            )
            return "" if fields[0] in "ZX" else fields[19]
        return ""
    argv = [shutil.which("ps") or "/bin/ps", "-o", "lstart=", "-p", str(pid)]
    done = subprocess.run(argv, capture_output=True, check=False, timeout=10)
    return "-".join(os.fsdecode(done.stdout).split())
