"""One error tree: what failed, what to do next, and the exit code of the command contract."""

from __future__ import annotations

import errno
from typing import TYPE_CHECKING, ClassVar

from dbtasks.masking import masked

if TYPE_CHECKING:
    from collections.abc import Sequence

# The code of the error that a kept copy of a database at head is not what it was; nobody sees it.
STALE_COPY = "stale-copy"
_FULL = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})


class DbtasksError(Exception):
    """An error that a user can act upon.

    `message` is one line; `remedy` says what to do next; `details` are further lines (a server's
    last log lines, the statement that failed). `code` is stable and machine-readable. Passwords that
    stand in what others said are masked. What commands a terminal, and bytes that are no text, are
    written as escapes: messages quote files and names.
    """

    exit_code: ClassVar[int] = 1
    default_code: ClassVar[str] = "error"

    def __init__(
        self,
        message: str,
        *,
        remedy: str = "",
        code: str = "",
        details: Sequence[str] = (),
    ) -> None:
        message = masked(message)
        super().__init__(message)
        self.message = _one_line(message)
        self.remedy = _one_line(remedy)
        self.code = code or self.default_code
        self.details = tuple(_printable(masked(line).rstrip().expandtabs()) for line in details)


def _one_line(text: str) -> str:
    return _printable(" ".join(text.split()))


def _printable(text: str) -> str:
    if text.isprintable():
        return text
    return "".join(
        char if char.isprintable() else char.encode("unicode_escape").decode() for char in text
    )


def of_full_disk(error: BaseException) -> DbtasksError | None:
    """Return what to tell of a file that could not be written for want of space, None for any other error."""
    if not isinstance(error, OSError) or error.errno not in _FULL:
        return None
    where = f"{error.filename}: " if error.filename else ""
    return DbtasksError(
        f"a file could not be written: {where}{error.strerror}",
        remedy="make room on the disk (df -h shows which is full), then run this again",
        code="disk-full",
    )


class CheckError(DbtasksError):
    """A check found something: the work was done, and its answer is no."""

    exit_code = 1
    default_code = "check-failed"


class UsageError(DbtasksError):
    """The command line or the settings are wrong; nothing was started."""

    exit_code = 2
    default_code = "usage"


class SettingsError(UsageError):
    """A setting is unknown, malformed or missing."""

    default_code = "settings"


class ServerError(DbtasksError):
    """A server could not be had, started, reached or removed."""

    exit_code = 3
    default_code = "server"


class MigrationError(DbtasksError):
    """The migrations could not be read or applied; `revision` is the one that failed, if one did."""

    exit_code = 4
    default_code = "migration"

    def __init__(
        self,
        message: str,
        *,
        remedy: str = "",
        code: str = "",
        details: Sequence[str] = (),
        revision: str | None = None,
    ) -> None:
        super().__init__(message, remedy=remedy, code=code, details=details)
        self.revision = revision


class RefusedError(DbtasksError):
    """The command was refused for safety; nothing was changed."""

    exit_code = 5
    default_code = "refused"


# What PgBouncer says to a client for which it had no connection to the server in time.
NO_CONNECTION_LEFT = "query_wait_timeout"


def no_connection_left(place: str) -> ServerError:
    """Return the error for a connection pooler that had no connection for one of ours in time."""
    return ServerError(
        f"{place} is a connection pooler that had no connection left: dbtasks and env.py need"
        " several at once",
        remedy="let its pool (PgBouncer's default_pool_size) have 4 that are free, or let DATABASE_URL"
        " be the database's URL past the pooler",
        code="pooler",
    )
