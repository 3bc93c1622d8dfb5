"""What Alembic, a user's env.py and the database raise, turned into errors with a remedy."""

from __future__ import annotations

import configparser
import contextlib
import errno
import os
import re
import traceback
from pathlib import Path
from typing import TYPE_CHECKING

from alembic.util import CommandError
from sqlalchemy.exc import DBAPIError

from dbtasks.errors import DbtasksError, MigrationError

if TYPE_CHECKING:
    from collections.abc import Iterator

_DUPLICATE_OBJECT = "42710"
_STATEMENT_LENGTH = 300
_READ_URL = (
    "let env.py read sqlalchemy.url, or list the variables it reads below [tool.dbtasks.env]"
)
_VERSION_TABLE_REMEDIES = {
    "3F000": "create the schema with the setting setup_sql",
    "42501": "let the role own the database, or its schema",
    "22001": "give the revision an id of at most 32 characters, also in the down_revision of what follows it",
}
# What Alembic says in words: the words, our code, our message where it is clearer, the remedy.
_LIST = "invoke db.history lists the revisions"
_GRAPH = "invoke db.history shows the graph; name one revision"
_KNOWN = (
    ("can't locate revision", "unknown-revision", "", _LIST),
    ("relative revision", "unknown-revision", "", _LIST),
    (
        "ambiguous walk",
        "ambiguous-revision",
        "more than one revision could be meant: the history has several branches there",
        _GRAPH,
    ),
    ("not a valid", "ambiguous-revision", "", _GRAPH),
    ("ambiguous", "ambiguous-revision", "", _GRAPH),
    ("not unique", "ambiguous-revision", "", _GRAPH),
    ("multiple head", "several-heads", "the history has several heads", "invoke db.merge-heads"),
    (
        "not up to date",
        "not-at-head",
        "the database is not at head, so models and database cannot be compared",
        "invoke db.migrate, then run this again",
    ),
    (
        "does not provide a metadata",
        "no-metadata",
        "env.py gives Alembic no metadata, so models and database cannot be compared",
        "set target_metadata in env.py to the metadata of the models",
    ),
    (
        "entrypoint",
        "hook",
        "",
        "the revision is written; correct post_write_hooks in the Alembic configuration",
    ),
)


@contextlib.contextmanager
def alembic_errors() -> Iterator[None]:
    """Turn what Alembic says in words into our errors, and what the file system refuses."""
    try:
        yield
    except CommandError as error:
        raise _alembic_error(error) from error
    except PermissionError as error:
        raise MigrationError(
            f"{error.filename} cannot be written: {error.strerror}",
            remedy="make the folder writable, then run this again",
            code="not-writable",
        ) from error
    except OSError as error:
        if error.errno in {errno.EROFS, errno.ENOSPC}:
            raise MigrationError(
                f"{error.filename} cannot be written: {error.strerror}",
                remedy="make room, or the folder writable, then run this again",
                code="not-writable",
            ) from error
        raise MigrationError(
            f"{error.filename}: {error.strerror}",
            remedy="if post_write_hooks names it, the revision is written and the hook did not run",
            code="files",
        ) from error


def _alembic_error(error: CommandError) -> MigrationError:
    cause = str(error.__cause__)
    if "Multiple revisions start with" in cause:
        return MigrationError(
            cause, remedy="write more of the revision's id", code="ambiguous-revision"
        )
    text = str(error)
    for words, code, message, remedy in _KNOWN:
        if words in text.lower():
            return MigrationError(message or text, remedy=remedy, code=code)
    return MigrationError(text, remedy="see invoke db.history")


def env_error(env_file: Path, error: BaseException, *, ran: bool) -> DbtasksError:
    """Return what went wrong in env.py; `ran` tells whether it got as far as the migrations.

    The error's cause is kept, so that a failed revision can be told from a broken env.py.
    """
    if isinstance(error, DbtasksError):
        return error
    found: DbtasksError
    if isinstance(error, CommandError):
        found = _alembic_error(error)
    elif isinstance(error, DBAPIError) and ran:
        found = _database_error(error)
    elif not ran and _is_connection_error(error):
        found = MigrationError(
            f"{env_file} could not connect: {reason(error)}", remedy=_READ_URL, code="env"
        )
    elif isinstance(error, SyntaxError) and error.filename:
        found = syntax_error(error)
    else:
        unset = isinstance(error, KeyError) and _raised_by_environ(error)
        found = MigrationError(
            f"{env_file} raised {type(error).__name__}: {reason(error)}",
            remedy="set the variable, or list it below [tool.dbtasks.env]"
            if unset
            else "mend env.py, or what it imports",
            code="env",
            details=origin(error),
        )
    found.__cause__ = error
    return found


def syntax_error(error: SyntaxError) -> MigrationError:
    """Say which file has the syntax error, and in which line."""
    return MigrationError(
        f"{error.filename} has a syntax error in line {error.lineno}: {error.msg}",
        remedy="mend the file, then run this again",
        code="broken-file",
    )


def _database_error(error: DBAPIError) -> MigrationError:
    """Return an error for a statement of Alembic's own that the database refused."""
    remedy = version_table_remedy(error)
    if remedy:
        return MigrationError(
            f"the version table could not be used: {reason(error)}",
            remedy=remedy,
            code="version-table",
            details=statement(error),
        )
    return MigrationError(
        f"the database refused what Alembic asked: {reason(error)}",
        remedy="see the statement, and the server's log (invoke db.logs)",
        code="database-refused",
        details=statement(error),
    )


def version_table_remedy(error: BaseException) -> str:
    """Return what to do if the statement that failed was one on the version table."""
    if not isinstance(error, DBAPIError) or "version_num" not in (error.statement or ""):
        return ""
    state = str(getattr(error.orig, "sqlstate", None))
    return _VERSION_TABLE_REMEDIES.get(state, "see the statement")


def left_over_type_remedy(error: BaseException) -> str:
    """Return what to do if a type exists already: autogenerated downgrades leave enum types behind."""
    if not isinstance(error, DBAPIError):
        return ""
    text = (error.statement or "").strip()
    state = str(getattr(error.orig, "sqlstate", None))
    if state != _DUPLICATE_OBJECT or not text.upper().startswith("CREATE TYPE"):
        return ""
    name = text.split()[2]
    return (
        f"an earlier downgrade left the type: add op.execute('DROP TYPE {name}') to downgrade(),"
        f" and drop it now with invoke db.psql --command 'DROP TYPE {name}'"
    )


def statement(error: DBAPIError) -> list[str]:
    """Return the statement that failed as one line of details, cut to a readable length."""
    text = " ".join((error.statement or "").split())
    return [f"statement: {text[:_STATEMENT_LENGTH]}"] if text else []


def reason(error: BaseException) -> str:
    """Return the first line of what an error says, the database's own words where it has any."""
    lines = reasons(error)
    return lines[0] if lines else "no message"


def reasons(error: BaseException) -> list[str]:
    """Return the lines of what an error says, without SQLAlchemy's and asyncpg's wrapping.

    What configparser says quotes the file, which may have a URL there.
    """
    if isinstance(error, configparser.InterpolationError):
        place = f"option {error.option} in section [{error.section}] of the Alembic configuration"
        return [f"{place} has a % that is not doubled, or names no option"]
    if isinstance(error, configparser.ParsingError):
        if isinstance(error, configparser.MissingSectionHeaderError):
            numbers = [str(error.lineno)]
        else:
            numbers = [str(number) for number, _ in error.errors]
        return [f"{error.source} has no NAME = VALUE and no [SECTION] in line {', '.join(numbers)}"]
    text = str(error.orig if isinstance(error, DBAPIError) else error).strip()
    return re.sub(r"^<class '[\w.]+'>: ", "", text).splitlines()


def _is_connection_error(error: BaseException) -> bool:
    if isinstance(error, DBAPIError):
        return error.statement is None
    return isinstance(error, ConnectionError) or type(error).__module__.startswith("asyncpg")


def _raised_by_environ(error: BaseException) -> bool:
    frames = traceback.extract_tb(error.__traceback__)
    return bool(frames) and frames[-1].filename in {"<frozen os>", os.__file__}


def origin(error: BaseException) -> list[str]:
    """Say where an error of the user's code came from, as `file:line in function`."""
    frames = [
        frame
        for frame in traceback.extract_tb(error.__traceback__)
        if "site-packages" not in frame.filename
    ]
    ours = f"{Path(__file__).parent.parent}{os.sep}"
    frames = [frame for frame in frames if not frame.filename.startswith((ours, "<"))]
    return [
        f"{frame.filename}:{frame.lineno} in {frame.name}: {frame.line}" for frame in frames[-2:]
    ]


def sqlstate(error: BaseException | None) -> str:
    """Return the code that the database gave for an error, empty for any other error."""
    if not isinstance(error, DBAPIError):
        return ""
    return str(getattr(error.orig, "sqlstate", None) or getattr(error.orig, "pgcode", None) or "")


def statement_timeout_remedy(error: BaseException) -> str:
    """Return what to do if a statement ran for too long."""
    if sqlstate(error) != "57014" or "statement timeout" not in reason(error):
        return ""
    return (
        "let statement_timeout (DBTASKS_STATEMENT_TIMEOUT) be longer, 0 for no end, or the revision do"
        " less in one statement"
    )
