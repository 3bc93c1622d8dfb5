"""A real process to be killed: when, and with whom."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import threading
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from consumers import Project

_DYING = Path(__file__).with_name("dying.py")
_LIMIT = 180.0


@dataclass(frozen=True, kw_only=True)
class Moment:
    """When to kill: after `seconds`, after the progress `line`, or before the `effect` of these numbers from 1."""

    seconds: float | None = None
    line: int | None = None
    effect: int | None = None
    group: bool = True

    def __str__(self) -> str:
        whom = "group" if self.group else "process"
        if self.line is not None:
            return f"line {self.line}, {whom}"
        if self.effect is not None:
            return f"effect {self.effect}, {whom}"
        return f"{self.seconds or 0:.2f} s, {whom}"


@dataclass(frozen=True, kw_only=True)
class Fate:
    """What became of a process: `code` is -9 for one that was killed."""

    pid: int
    code: int
    seconds: float
    lines: tuple[str, ...]
    effects: int

    @property
    def killed(self) -> bool:
        """Whether the kill came before the end."""
        return self.code == -signal.SIGKILL


def run(
    project: Project,
    argv: tuple[str, ...],
    moment: Moment | None = None,
    strike: Callable[[], None] | None = None,
    inside: tuple[str, ...] = (),
    *,
    held: bool = False,
) -> Fate:
    """Run `python -m ARGV` in a process group of its own, and kill it at a moment, if one is given.

    `strike` is what happens then instead, while the process stands still if it is `held`, and `inside`
    a command that runs the rest of its arguments.
    """
    count = project.root.parent / "effects"
    environ = {**project.environ, "TORTURE_COUNT": str(count)}
    if moment is not None and moment.effect is not None:
        environ["TORTURE_EFFECT"] = str(moment.effect)
        environ["TORTURE_GROUP"] = str(int(moment.group))
    began = time.monotonic()
    process = subprocess.Popen(
        [*inside, sys.executable, str(_DYING), *argv],
        cwd=project.root,
        env=environ,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    lines: list[str] = []
    reader = threading.Thread(target=_read, args=(process, lines, moment, strike, held))
    reader.start()
    with contextlib.suppress(subprocess.TimeoutExpired):
        process.wait(_LIMIT if moment is None or moment.seconds is None else moment.seconds)
    code = process.poll()
    if code is None and moment is not None and moment.seconds is not None:
        _kill(process, moment)
    code = process.wait(_LIMIT)
    seconds = time.monotonic() - began
    # What outlives a killed process may keep its standard error open.
    reader.join(1 if strike is None else _LIMIT)
    effects = int(count.read_text(encoding="ascii")) if count.exists() else 0
    count.unlink(missing_ok=True)
    return Fate(pid=process.pid, code=code, seconds=seconds, lines=tuple(lines), effects=effects)


def _read(
    process: subprocess.Popen[str],
    lines: list[str],
    moment: Moment | None,
    strike: Callable[[], None] | None,
    held: bool,
) -> None:
    assert process.stderr is not None
    with process.stderr as stderr:
        for line in stderr:
            lines.append(line.rstrip("\n"))
            if moment is not None and moment.line == len(lines):
                if strike is None:
                    _kill(process, moment)
                    continue
                if held:
                    process.send_signal(signal.SIGSTOP)
                strike()
                process.send_signal(signal.SIGCONT)


def _kill(process: subprocess.Popen[str], moment: Moment) -> None:
    with contextlib.suppress(ProcessLookupError):
        if moment.group:
            os.killpg(process.pid, signal.SIGKILL)
        else:
            process.kill()
