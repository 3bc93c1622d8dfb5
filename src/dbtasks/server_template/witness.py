"""What a run of env.py and revisions reads, heard from Python itself: files, folders, variables.

Clocks, random numbers and what a statement computes on the server cannot be heard.
"""

from __future__ import annotations

import contextlib
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

EVERYTHING = "*"
_PROGRAMS = frozenset(
    {"subprocess.Popen", "os.system", "os.posix_spawn", "os.exec", "os.spawn", "os.fork"}
)
_LISTS = frozenset({"os.listdir", "os.scandir"})
_IMPORTS = "<frozen importlib"  # what is imported is known from sys.modules
_current: list[Witness] = []
_hooks: list[bool] = []


class Witness:
    """Hears what is read in `watching`; only one does so at a time.

    `variables` has `EVERYTHING` if all of the environment was read; `untold` is what was asked that
    cannot be asked again, in words; connections to `own` are none of it.
    """

    def __init__(self, *own: tuple[str, int]) -> None:
        self.files: set[Path] = set()
        self.folders: set[Path] = set()
        self.variables: set[str] = set()
        self.untold: set[str] = set()
        self._own = own

    @contextlib.contextmanager
    def watching(self) -> Iterator[None]:
        """Listen meanwhile."""
        if not _hooks:
            sys.addaudithook(_hear)  # for good: there is no way to take one away
            _hooks.append(True)
        environment: Any = os.environ
        before = type(environment)
        environment.__class__ = _Watched
        _current[:] = [self]
        try:
            yield
        finally:
            _current.clear()
            environment.__class__ = before

    def hear(self, event: str, arguments: tuple[Any, ...]) -> None:
        """Note one of Python's audit events."""
        if event in _PROGRAMS:
            self.untold.add("they run another program")
        elif event == "socket.connect" and arguments[1][:2] not in self._own:
            self.untold.add("they connect to something else than the database")
        elif event == "open" and isinstance(arguments[0], str | bytes):
            if arguments[2] & os.O_ACCMODE != os.O_WRONLY:
                self.files.add(Path(os.path.abspath(os.fsdecode(arguments[0]))))  # noqa: PTH100
        elif event in _LISTS and not isinstance(arguments[0], int):
            self.folders.add(Path(os.path.abspath(os.fsdecode(arguments[0] or "."))))  # noqa: PTH100


def _hear(event: str, arguments: tuple[Any, ...]) -> None:
    if _current and (event == "open" or event == "socket.connect" or event[:2] in {"os", "su"}):
        caller = sys._getframe(1)  # noqa: SLF001
        if not caller.f_code.co_filename.startswith(_IMPORTS):
            _current[0].hear(event, arguments)


class _Watched(type(os.environ)):  # type: ignore[misc]
    """The environment, telling the witness which variables are read."""

    def __getitem__(self, name: str) -> Any:
        for witness in _current:
            witness.variables.add(name)
        return super().__getitem__(name)

    def __iter__(self) -> Any:
        for witness in _current:
            witness.variables.add(EVERYTHING)
        return super().__iter__()
