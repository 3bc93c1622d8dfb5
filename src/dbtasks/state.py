"""The state folder: generated passwords, local data, and locks between processes."""

from __future__ import annotations

import contextlib
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
        except OSError as error:
            raise SettingsError(
                f"the state folder {self.folder} cannot be written: {error.strerror}",
                remedy="let DBTASKS_STATE_DIR name a folder that you may write",
                code="state-folder",
            ) from error
        return self.folder / name

    def password(self, name: str) -> str:
        """Return the password kept under `name`; generate and keep one the first time."""
        path = self.path(f"{name}.password")
        with contextlib.suppress(FileNotFoundError):
            kept = path.read_text(encoding="utf-8").strip()
            if kept:
                return kept
        password = secrets.token_urlsafe(24)
        draft = path.with_name(f"{path.name}.{os.getpid()}")
        draft.touch(mode=0o600)
        draft.write_text(password + "\n", encoding="utf-8")
        draft.replace(path)
        return password

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
        path = self.path(f"{name}.lock")
        limit = time.monotonic() + self._timeout
        with path.open("a", encoding="utf-8") as file:
            while True:
                try:
                    fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                    break
                except BlockingIOError:
                    if time.monotonic() > limit:
                        raise ServerError(
                            f"another dbtasks process has been working on {name} for {self._timeout:.0f} s",
                            remedy="wait for it, or end it, then run this again",
                            code="busy",
                        ) from None
                    time.sleep(_LOCK_POLL)
            yield
