"""Run `python -m MODULE`, and end the process by SIGKILL just before one of the things that it does to the system.

TORTURE_EFFECT is the number of the file, folder or process operation not to be lived to see, beginning with 1;
TORTURE_GROUP=1 ends the whole process group. TORTURE_COUNT names a file for how many there were, if none is deadly.
"""

from __future__ import annotations

import atexit
import os
import runpy
import signal
import sys
from pathlib import Path

_NUMBER = int(os.environ.pop("TORTURE_EFFECT", "0"))
_GROUP = os.environ.pop("TORTURE_GROUP", "") == "1"
_COUNT = os.environ.pop("TORTURE_COUNT", "")
_WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT
_EFFECTS = frozenset(
    {
        *("os.rename", "os.remove", "os.mkdir", "os.rmdir", "os.link", "os.chmod", "os.chown"),
        *("os.kill", "os.utime", "subprocess.Popen"),
    }
)
_seen = 0


def _watch(event: str, arguments: tuple[object, ...]) -> None:
    global _seen
    if event == "open":
        path, _, flags = arguments
        if not isinstance(flags, int) or not flags & _WRITING or "__pycache__" in str(path):
            return
    elif event not in _EFFECTS or "__pycache__" in str(arguments[0]):
        return
    _seen += 1
    if _seen == _NUMBER:
        if _GROUP:
            os.killpg(0, signal.SIGKILL)
        os.kill(os.getpid(), signal.SIGKILL)


def _tell() -> None:
    Path(_COUNT).write_text(str(_seen), encoding="ascii")


if __name__ == "__main__":
    if _COUNT:
        atexit.register(_tell)
    del sys.argv[0]
    sys.path[0] = str(Path.cwd())
    sys.addaudithook(_watch)
    runpy.run_module(sys.argv[0], run_name="__main__", alter_sys=True)
