"""What a run of env.py and revisions reads, heard from Python itself: files, folders, variables.

Clocks, random numbers, what a statement computes on the server, and what a library in C reads or
connects to on its own cannot be heard.
"""

from __future__ import annotations

import contextlib
import functools
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from types import FrameType

EVERYTHING = "*"
_PROGRAMS = frozenset(
    {"subprocess.Popen", "os.system", "os.posix_spawn", "os.exec", "os.spawn", "os.fork"}
)
_SINGLE = frozenset({"open", "socket.connect", "sqlite3.connect"})
_LISTS = frozenset({"os.listdir", "os.scandir"})
_IMPORTS = "<frozen importlib"  # what is imported is known from sys.modules
_LOOKS = ("stat", "lstat", "access")  # of which Python tells nobody
_ELSEWHERE = "they connect to something else than the database"
_current: list[Witness] = []
_hooks: list[bool] = []


class Witness:
    """Hears what is read in `watching`; only one does so at a time.

    `looked_at` are the paths that were asked for without being read; `environment` is what the
    variables were before; `variables` has `EVERYTHING` if all of them were read; `untold` is what was
    asked that cannot be asked again, in words; connections to `own` are none of it.
    """

    def __init__(self, *own: tuple[str, int]) -> None:
        self.files: set[Path] = set()
        self.folders: set[Path] = set()
        self.looked_at: set[Path] = set()
        self.environment: dict[str, str] = dict(os.environ)
        self.variables: set[str] = set()
        self.untold: set[str] = set()
        self._own = own

    @contextlib.contextmanager
    def watching(self) -> Iterator[None]:
        """Listen meanwhile."""
        from sqlalchemy import event
        from sqlalchemy.pool import Pool

        if not _hooks:
            sys.addaudithook(_hear)  # for good: there is no way to take one away
            _hooks.append(True)
        environment: Any = os.environ
        before = type(environment)
        looks = {name: getattr(os, name) for name in _LOOKS}
        self.environment = dict(os.environ)  # env.py may set some of them
        environment.__class__ = _Watched
        for name, look in looks.items():
            setattr(os, name, self._hearing(look))
        _current[:] = [self]
        event.listen(Pool, "connect", self._connected)
        try:
            yield
        finally:
            event.remove(Pool, "connect", self._connected)
            _current.clear()
            for name, look in looks.items():
                setattr(os, name, look)
            environment.__class__ = before

    def _hearing(self, look: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(look)
        def heard(path: Any, *arguments: Any, **options: Any) -> Any:
            if not isinstance(path, int) and options.get("dir_fd") is None:
                with contextlib.suppress(TypeError, ValueError):  # the call itself will say so
                    self.looked_at.add(_absolute(path))
            return look(path, *arguments, **options)

        return heard

    def _connected(self, connection: Any, _: Any) -> None:
        """Note a connection of SQLAlchemy's that libpq made, of which Python does not know."""
        info = getattr(getattr(connection, "driver_connection", connection), "info", None)
        port = getattr(info, "port", None)  # a host has many names
        if port is not None and port not in {own[1] for own in self._own}:
            self.untold.add(_ELSEWHERE)

    def hear(self, event: str, arguments: tuple[Any, ...]) -> None:
        """Note one of Python's audit events."""
        if event in _PROGRAMS:
            self.untold.add("they run another program")
        elif event == "socket.connect" and arguments[1][:2] not in self._own:
            self.untold.add(_ELSEWHERE)
        elif event == "open" and isinstance(arguments[0], str | bytes):
            if arguments[2] & os.O_ACCMODE != os.O_WRONLY:
                self.files.add(_absolute(arguments[0]))
        elif event == "sqlite3.connect":
            self.files.add(_absolute(arguments[0]))
        elif event in _LISTS and not isinstance(arguments[0], int):
            self.folders.add(_absolute(arguments[0] or "."))


def _absolute(path: Any) -> Path:
    return Path(os.path.abspath(os.fsdecode(path)))  # noqa: PTH100


def _hear(event: str, arguments: tuple[Any, ...]) -> None:
    if _current and (event in _SINGLE or event[:2] in {"os", "su"}):
        caller: FrameType | None = sys._getframe(1)  # noqa: SLF001
        # A package's data are read by importlib, too, but for somebody: pkgutil.get_data.
        if caller is not None and caller.f_code.co_name == "get_data":
            caller = caller.f_back
        if caller is None or not caller.f_code.co_filename.startswith(_IMPORTS):
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
