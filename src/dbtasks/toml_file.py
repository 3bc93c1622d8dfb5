"""A TOML file of the user's, read whole or refused with a reason of one line."""

from __future__ import annotations

import stat
import tomllib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Collection
    from pathlib import Path


class UnreadableError(ValueError):
    """The file is there and cannot be read; `is_syntax` tells that a line of it is no TOML."""

    def __init__(self, reason: str, *, is_syntax: bool = False) -> None:
        super().__init__(reason)
        self.is_syntax = is_syntax


def read(path: Path) -> dict[str, Any]:
    """Return the document in a file.

    Raises:
        FileNotFoundError: there is none.
        UnreadableError: it is no plain file, may not be read, or is no TOML in UTF-8.
    """
    try:
        return tomllib.loads(_text(path))
    except FileNotFoundError:
        raise
    except OSError as error:
        raise UnreadableError(error.strerror or str(error)) from error
    except UnicodeDecodeError as error:
        line = error.object.count(b"\n", 0, error.start) + 1
        raise UnreadableError(f"it is not UTF-8 in line {line}") from error
    except RecursionError as error:
        raise UnreadableError("its tables and lists are nested too deeply") from error
    except tomllib.TOMLDecodeError as error:
        raise UnreadableError(str(error), is_syntax=True) from error
    except UnreadableError:
        raise
    except ValueError as error:  # a number of thousands of digits, a date that no calendar has
        raise UnreadableError(str(error).partition(";")[0], is_syntax=True) from error


def _text(path: Path) -> str:
    if not stat.S_ISREG(path.stat().st_mode):  # a pipe would be waited for
        raise UnreadableError("it is no plain file")
    return path.read_text(encoding="utf-8")


def table(document: dict[str, Any], *names: str) -> dict[str, Any]:
    """Return a table within a document by the names on the way to it, empty where there is none.

    Raises:
        UnreadableError: something else stands on the way.
    """
    found: Any = document
    for number, name in enumerate(names, 1):
        found = found.get(name, {})
        if not isinstance(found, dict):
            raise UnreadableError(f"{'.'.join(names[:number])} is no table")
    return dict(found)


def entries(path: Path, name: str, keys: Collection[str]) -> tuple[dict[str, Any], ...]:
    """Return the tables of `[[name]]`, which are all that a file may hold; none of a missing file.

    Raises:
        UnreadableError: it holds something else, or a table has a key that is not one of `keys`.
    """
    try:
        document = read(path)
    except FileNotFoundError:
        return ()
    except UnreadableError as error:
        raise UnreadableError(f"cannot be read: {error}") from error
    found = document.pop(name, [])
    if document or not isinstance(found, list):
        unknown = ", ".join(document) or f"{name}, which is no list of tables,"
        raise UnreadableError(f"has {unknown} where only [[{name}]] may be")
    for number, one in enumerate(found, 1):
        if not isinstance(one, dict):
            raise UnreadableError(f"entry {number} is no table")
        for key in one:
            if key not in keys:
                raise UnreadableError(f"entry {number} has the unknown key {key}")
    return tuple(found)


def check_texts(number: int, entry: dict[str, Any], required: Collection[str]) -> None:
    """Stop unless all that is in an entry is a text, and the `required` keys are there.

    Raises:
        UnreadableError: a value is none, or one is missing.
    """
    for key, value in entry.items():
        if not isinstance(value, str) or not value.strip():
            raise UnreadableError(f"entry {number} has a {key} that is no text")
    for key in required:
        if key not in entry:
            raise UnreadableError(f"entry {number} has no {key}")
