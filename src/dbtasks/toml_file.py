"""A TOML file of the user's, read whole or refused with a reason of one line."""

from __future__ import annotations

import stat
import tomllib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
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
