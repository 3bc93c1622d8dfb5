"""One file's change: shown as a diff, then written whole or not at all."""

from __future__ import annotations

import contextlib
import difflib
import io
import os
import secrets
import stat
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from dbtasks.errors import MigrationError

if TYPE_CHECKING:
    from collections.abc import Iterator

_SECOND_NS = 1_000_000_000


@dataclass(frozen=True, kw_only=True)
class Change:
    """One file before and after; nothing is written until `write()`."""

    path: Path
    before: bytes
    after: bytes

    def diff(self, root: Path) -> str:
        """Return the change as a unified diff that `git apply` takes; paths start from `root`."""
        name = Path(os.path.relpath(self.path, root)).as_posix()
        before, after = (
            [os.fsdecode(line) for line in io.BytesIO(text)] for text in (self.before, self.after)
        )
        lines = difflib.unified_diff(before, after, f"a/{name}", f"b/{name}")
        return "".join(
            line if line.endswith("\n") else f"{line}\n\\ No newline at end of file\n"
            for line in lines
        )

    def check(self) -> None:
        """Stop unless the file can be written, and is what it was.

        Raises:
            MigrationError: with code `not-writable` or `file-changed`.
        """
        with told(self.path):
            self._checked()

    def write(self) -> None:
        """Put the new content in the place of the old, whole or not at all; the mode stays.

        Raises:
            MigrationError: as `check()`.
        """
        with told(self.path):
            _replace(*self._checked(), self.after)

    def _checked(self) -> tuple[Path, os.stat_result]:
        path = Path(os.path.realpath(self.path))
        status = path.stat()
        # Renaming would replace a read-only file too, and root may write any.
        if not status.st_mode & 0o222 or not os.access(path, os.W_OK):
            raise _not_writable(path, "it is read-only")
        if not os.access(path.parent, os.W_OK | os.X_OK):
            raise _not_writable(path, "its folder is read-only")
        if path.read_bytes() != self.before:
            raise MigrationError(
                f"{path} was changed by somebody else meanwhile; it was left alone",
                remedy="run this again",
                code="file-changed",
            )
        return path, status


def _replace(path: Path, status: os.stat_result, content: bytes) -> None:
    # Ends in no .py, so that a run that is killed leaves nothing that Alembic would read.
    draft = path.with_name(f".{path.name}.{secrets.token_hex(4)}.dbtasks")
    try:
        with open(  # noqa: PTH123  a descriptor
            os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600), "wb"
        ) as file:
            file.write(content)
            file.flush()
            if (status.st_uid, status.st_gid) != (os.geteuid(), os.getegid()):
                with contextlib.suppress(PermissionError):
                    os.fchown(file.fileno(), status.st_uid, status.st_gid)
            os.fchmod(file.fileno(), stat.S_IMODE(status.st_mode))
            os.fsync(file.fileno())
        _differ_in_seconds(draft, status)
        draft.replace(path)
        for left in path.parent.iterdir():  # by a killed process, of what is now written
            if left.name.startswith(f".{path.name}.") and left.suffix == ".dbtasks":
                left.unlink(missing_ok=True)
    finally:
        draft.unlink(missing_ok=True)
    folder = os.open(path.parent, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def _differ_in_seconds(draft: Path, status: os.stat_result) -> None:
    """Python takes compiled code for current by size and whole seconds; ids have one length."""
    new = draft.stat()
    if new.st_mtime_ns // _SECOND_NS == status.st_mtime_ns // _SECOND_NS:
        os.utime(draft, ns=(new.st_atime_ns, new.st_mtime_ns + _SECOND_NS))


@contextlib.contextmanager
def told(path: Path) -> Iterator[None]:
    """Turn what the file system refuses into an error that names the file."""
    try:
        yield
    except OSError as error:
        raise _not_writable(path, error.strerror or str(error)) from error


def _not_writable(path: Path, reason: str) -> MigrationError:
    return MigrationError(
        f"{path} cannot be rewritten: {reason}",
        remedy="make the file and its folder writable (chmod u+w), then run this again",
        code="not-writable",
    )
