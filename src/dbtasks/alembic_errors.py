"""What Alembic and a user's env.py raise, turned into errors with a remedy."""

from __future__ import annotations

import contextlib
import traceback
from pathlib import Path
from typing import TYPE_CHECKING

from alembic.util import CommandError
from sqlalchemy.exc import DBAPIError

from dbtasks.errors import DbtasksError, MigrationError

if TYPE_CHECKING:
    from collections.abc import Iterator


@contextlib.contextmanager
def alembic_errors() -> Iterator[None]:
    """Turn what Alembic raises about the revision files into our errors."""
    try:
        yield
    except CommandError as error:
        raise _alembic_error(str(error)) from error
    except SyntaxError as error:
        raise MigrationError(
            f"revision file {error.filename} has a syntax error in line {error.lineno}: {error.msg}",
            remedy="mend the file, then run this again",
            code="broken-file",
        ) from error
    except UnicodeDecodeError as error:
        raise MigrationError(
            f"a revision file is not UTF-8: {error}", remedy="save it as UTF-8", code="broken-file"
        ) from error


def _alembic_error(text: str) -> MigrationError:
    """Return an error with a remedy for what Alembic says in words."""
    lowered = text.lower()
    if "can't locate revision" in lowered:
        return MigrationError(
            text, remedy="invoke db.history lists the revisions", code="unknown-revision"
        )
    if "not a valid" in lowered or "ambiguous" in lowered or "not unique" in lowered:
        return MigrationError(
            text,
            remedy="invoke db.history shows the graph; name one revision",
            code="ambiguous-revision",
        )
    if "multiple head" in lowered:
        return MigrationError(
            "the history has several heads", remedy="invoke db.merge-heads", code="several-heads"
        )
    if "not up to date" in lowered:
        return MigrationError(
            "the database is not at head, so models and database cannot be compared",
            remedy="invoke db.migrate, then run this again",
            code="not-at-head",
        )
    if (
        "not a package" in lowered
        or "no such" in lowered
        or "doesn't exist" in lowered
        or "script_location" in lowered
    ):
        return MigrationError(
            text, remedy="correct script_location in the Alembic configuration", code="no-scripts"
        )
    return MigrationError(text, remedy="see invoke db.history")


@contextlib.contextmanager
def env_errors(env_file: Path) -> Iterator[None]:
    """Turn what env.py raises into our errors; it is a program of the user's and may raise anything."""
    try:
        with alembic_errors():
            yield
    except (DbtasksError, KeyboardInterrupt):
        raise
    except DBAPIError as error:
        if error.statement is not None:
            raise
        raise MigrationError(
            f"{env_file} could not connect: {_first_line(error.orig)}",
            remedy="let env.py read sqlalchemy.url, or list the variables it reads below [tool.dbtasks.env]",
            code="env",
        ) from error
    except (Exception, SystemExit) as error:
        raise MigrationError(
            f"{env_file} raised {type(error).__name__}: {_first_line(error)}",
            remedy="mend env.py, or what it imports",
            code="env",
            details=_origin(error),
        ) from error


def _origin(error: BaseException) -> list[str]:
    """Say where an error of the user's code came from, as `file:line in function`."""
    frames = [
        frame
        for frame in traceback.extract_tb(error.__traceback__)
        if "site-packages" not in frame.filename
    ]
    ours = str(Path(__file__).parent)
    frames = [frame for frame in frames if not frame.filename.startswith((ours, "<"))]
    return [
        f"{frame.filename}:{frame.lineno} in {frame.name}: {frame.line}" for frame in frames[-2:]
    ]


def _first_line(error: BaseException | None) -> str:
    text = str(error).strip() if error is not None else ""
    return text.splitlines()[0] if text else "no message"
