"""The state folder: generated passwords, local data, and locks between processes."""

from __future__ import annotations

import contextlib
import errno
import fcntl
import os
import secrets
import time
from pathlib import Path
from typing import TYPE_CHECKING

from dbtasks.errors import ServerError, SettingsError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dbtasks.settings import Settings

_LOCK_POLL = 0.1


class State:
    """What dbtasks keeps between two commands, in a 0700 folder that ignores itself in git."""

    def __init__(self, settings: Settings) -> None:
        self.folder = settings.root / Path(settings.state_dir or ".dbtasks").expanduser()
        self._timeout = settings.start_timeout * 2

    def path(self, name: str) -> Path:
        """Return the path of a file or folder in the state folder, which is created."""
        try:
            self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            ignore = self.folder / ".gitignore"
            if not ignore.exists():
                ignore.write_text("*\n", encoding="utf-8")
            if not os.access(self.folder, os.W_OK | os.X_OK):
                raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))
        except OSError as error:
            raise self._not_writable(error) from error
        return self.folder / name

    def password(self, name: str) -> str:
        """Return the password kept under `name`; generate and keep one the first time."""
        kept = self.kept_password(name)
        if kept:
            return kept
        password = secrets.token_urlsafe(24)
        self.keep_password(name, password)
        return password

    def kept_password(self, name: str) -> str:
        """Return the password kept under `name`, empty when there is none."""
        with contextlib.suppress(FileNotFoundError):
            return (self.folder / f"{name}.password").read_text(encoding="utf-8").strip()
        return ""

    def keep_password(self, name: str, password: str) -> None:
        """Keep a password under `name`, in the place of another one if there is one."""
        path = self.path(f"{name}.password")
        draft = path.with_name(f"{path.name}.{os.getpid()}")
        try:
            draft.touch(mode=0o600)
            draft.write_text(password + "\n", encoding="utf-8")
            draft.replace(path)
        except OSError as error:
            draft.unlink(missing_ok=True)
            raise self._not_writable(error) from error

    def has_password(self, name: str) -> bool:
        """Tell whether a password is kept under `name`."""
        return (self.folder / f"{name}.password").is_file()

    def forget(self, name: str) -> None:
        """Remove the password kept under `name`, if any."""
        (self.folder / f"{name}.password").unlink(missing_ok=True)

    @contextlib.contextmanager
    def lock(self, name: str) -> Iterator[None]:
        """Keep other processes out of one piece of work; the kernel frees it if we die.

        Raises:
            ServerError: another process held it for twice the start timeout.
        """
        with locked(self.path(f"{name}.lock"), name=name, timeout=self._timeout):
            yield

    def _not_writable(self, error: OSError) -> SettingsError:
        return SettingsError(
            f"the state folder {self.folder} cannot be written: {error.strerror}",
            remedy="let DBTASKS_STATE_DIR name a folder that you may write",
            code="state-folder",
        )


@contextlib.contextmanager
def locked(path: Path, *, name: str, timeout: float) -> Iterator[None]:
    """Hold the lock file `path`; the kernel frees it if we die.

    Raises:
        ServerError: another process held it for `timeout` seconds.
    """
    limit = time.monotonic() + timeout
    with path.open("a", encoding="utf-8") as file:
        while True:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                if time.monotonic() > limit:
                    raise ServerError(
                        f"another dbtasks process has been working on {name} for {timeout:.0f} s",
                        remedy="wait for it, or end it, then run this again",
                        code="busy",
                    ) from None
                time.sleep(_LOCK_POLL)
        yield
