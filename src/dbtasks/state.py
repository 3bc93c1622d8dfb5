"""The state folder: generated passwords, local data, and locks between processes."""

from __future__ import annotations

import contextlib
import errno
import fcntl
import os
import secrets
import stat
import time
from pathlib import Path
from typing import TYPE_CHECKING

from dbtasks import private_files
from dbtasks.errors import ServerError, SettingsError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dbtasks.settings import Settings

_LOCK_POLL = 0.1


class State:
    """What dbtasks keeps between two commands, in a 0700 folder that ignores itself in git."""

    def __init__(self, settings: Settings) -> None:
        self.folder = settings.root / Path(settings.state_dir or ".dbtasks").expanduser()
        self._root, self._chosen = settings.root, settings.state_dir is not None
        self._timeout = settings.start_timeout * 2

    def path(self, name: str) -> Path:
        """Return the path of a file or folder in the state folder, which is created.

        Permissions that others got meanwhile are taken away again.

        Raises:
            SettingsError: the folder cannot be written, or cannot keep a secret.
        """
        self._check_place()
        try:
            private_files.make_folder(self.folder, may_be_entered=self._chosen)
            if not os.access(self.folder, os.W_OK | os.X_OK):
                raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))
        except OSError as error:
            raise self._not_writable(error) from error
        self._check_secrecy()
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
        path = self.folder / f"{name}.password"
        private_files.close(path)
        with contextlib.suppress(FileNotFoundError):
            return path.read_text(encoding="utf-8").strip()
        return ""

    def keep_password(self, name: str, password: str) -> None:
        """Keep a password under `name`, in the place of another one if there is one."""
        path = self.path(f"{name}.password")
        try:
            private_files.write(path, password + "\n")
        except OSError as error:
            raise self._not_writable(error) from error

    def has_password(self, name: str) -> bool:
        """Tell whether a password is kept under `name`."""
        return (self.folder / f"{name}.password").is_file()

    def forget(self, name: str) -> None:
        """Remove the password kept under `name`, if any."""
        (self.folder / f"{name}.password").unlink(missing_ok=True)

    @contextlib.contextmanager
    def lock(self, name: str, *, last: bool = False) -> Iterator[None]:
        """Keep other processes out of one piece of work; the kernel frees it if we die.

        After the `last` piece of work on something the lock's file goes, too.

        Raises:
            ServerError: another process held it for twice the start timeout.
        """
        with locked(self.path(f"{name}.lock"), name=name, timeout=self._timeout, last=last):
            yield

    def _check_place(self) -> None:
        """Refuse the project's own folder or one around it: all in a state folder is left out of git."""
        # Not Path.resolve(), which raises an error of its own where links lead to themselves.
        if Path(os.path.realpath(self.folder)) in {self._root, *self._root.parents}:
            raise SettingsError(
                f"the state folder {self.folder} is the project's folder, or one around it",
                remedy="let DBTASKS_STATE_DIR name a folder that holds nothing else, such as .dbtasks",
                code="state-folder",
            )

    def _check_secrecy(self) -> None:
        if not private_files.ignores_itself(self.folder):
            raise SettingsError(
                f"the state folder {self.folder} holds passwords, and its .gitignore lets git take them along",
                remedy="let the only line of that .gitignore be *, or let DBTASKS_STATE_DIR name another folder",
                code="state-folder",
            )
        if self._chosen and self.folder.stat().st_mode & stat.S_IWOTH:
            raise SettingsError(
                f"the state folder {self.folder} holds passwords, and everybody may write in it",
                remedy=f"chmod o-w {self.folder}, or let DBTASKS_STATE_DIR name another folder",
                code="state-folder",
            )

    def _not_writable(self, error: OSError) -> SettingsError:
        return SettingsError(
            f"the state folder {self.folder} cannot be written: {error.strerror}",
            remedy="let DBTASKS_STATE_DIR name a folder that you may write",
            code="state-folder",
        )


@contextlib.contextmanager
def locked(path: Path, *, name: str, timeout: float, last: bool = False) -> Iterator[None]:
    """Hold the lock file `path`, and remove it at the end of the `last` work; the kernel frees it if we die.

    Raises:
        ServerError: another process held it for `timeout` seconds.
    """
    limit = time.monotonic() + timeout
    while True:
        with open(path, "a", encoding="utf-8", opener=private_files.opener) as file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                if time.monotonic() > limit:
                    raise ServerError(
                        f"another dbtasks process has been working on {name} for {timeout:.0f} s",
                        remedy="wait for it, or end it, then run this again",
                        code="busy",
                    ) from None
                time.sleep(_LOCK_POLL)
                continue
            if _is_at(path, file.fileno()):  # whoever removed the file meanwhile held its lock
                yield
                if last:
                    path.unlink(missing_ok=True)
                return


def _is_at(path: Path, descriptor: int) -> bool:
    """Tell whether an open file is still the one of its name."""
    with contextlib.suppress(FileNotFoundError):
        return os.path.samestat(path.stat(), os.fstat(descriptor))
    return False
