"""The safe ways to mend: each looks again before it acts."""

from __future__ import annotations

import contextlib
import os
import shutil
from dataclasses import dataclass
from typing import TYPE_CHECKING

from dbtasks.doctor.finding import Mend
from dbtasks.errors import ServerError
from dbtasks.state import locked

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path


@dataclass(frozen=True, kw_only=True)
class Act(Mend):
    """A step that looks again by itself: `act` tells whether it had something to do."""

    did: str
    act: Callable[[], bool]

    def carry_out(self) -> str:
        """Do it."""
        return self.did if self.act() else ""


@dataclass(frozen=True, kw_only=True)
class Remove(Mend):
    """Remove a file or a folder, if `still` holds when nobody holds `lock`."""

    path: Path
    still: Callable[[], bool] = lambda: True
    lock: Path | None = None

    def carry_out(self) -> str:
        """Remove it.

        Raises:
            ServerError: somebody is working on it, or it cannot be removed.
        """
        with _alone(self.lock):
            if not os.path.lexists(self.path) or not self.still():
                return ""
            try:
                if self.path.is_dir() and not self.path.is_symlink():
                    shutil.rmtree(self.path)
                else:
                    self.path.unlink(missing_ok=True)
            except OSError as error:
                raise not_mended(self.path, error) from error
        return f"removed {self.path}"


@dataclass(frozen=True, kw_only=True)
class Protect(Mend):
    """Take a file or folder from others' eyes."""

    path: Path
    mode: int

    def carry_out(self) -> str:
        """Change its mode.

        Raises:
            ServerError: it cannot be changed.
        """
        try:
            self.path.chmod(self.mode)
        except OSError as error:
            raise not_mended(self.path, error) from error
        return f"gave {self.path} the mode {self.mode:04o}"


def not_mended(path: Path, error: OSError) -> ServerError:
    """Return the error for what the file system refuses."""
    return ServerError(
        f"{path} was left as it is: {error.strerror or error}",
        remedy="mend it as the user whom it belongs to",
        code="not-mended",
    )


@contextlib.contextmanager
def _alone(lock: Path | None) -> Iterator[None]:
    if lock is None or not lock.exists():
        yield
        return
    with locked(lock, name=lock.stem, timeout=0):
        yield
