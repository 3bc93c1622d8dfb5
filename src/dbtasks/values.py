"""How the value of a setting is read from TOML, from Invoke, or from text.

Each function raises ValueError with words that follow the setting's name, as in "wants ...".
"""

from __future__ import annotations

import re
import unicodedata
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

from dbtasks.errors import SettingsError

if TYPE_CHECKING:
    from dbtasks.url import DatabaseURL

# The majors that dbtasks works with, and the day each is supported to: postgresql.org/support/versioning.
END_OF_LIFE = {
    14: date(2026, 11, 12),
    15: date(2027, 11, 11),
    16: date(2028, 11, 9),
    17: date(2029, 11, 8),
    18: date(2030, 11, 14),
}
SUPPORTED_MAJORS = tuple(END_OF_LIFE)
SERVER_KINDS = ("auto", "docker", "compose", "local", "external")
_LONGEST_NUMBER = 1000  # int() refuses thousands of digits with an error of its own
_MILLISECONDS = {
    "": 1.0,
    "us": 0.001,
    "ms": 1.0,
    "s": 1000.0,
    "min": 60_000.0,
    "h": 3_600_000.0,
    "d": 86_400_000.0,
}
_LONGEST_DURATION = 2**31 - 1
_SLUG_LIMIT = 100  # it becomes a part of file names
_PATH_LIMIT, _PART_LIMIT = 4000, 255
_NAME_LIMIT = 63  # bytes of an identifier: NAMEDATALEN - 1
# Parameters without which dbtasks would not find its own server again.
_FIXED_PARAMETERS = (
    "port",
    "listen_addresses",
    "unix_socket_directories",
    "data_directory",
    "hba_file",
    "ident_file",
    "config_file",
    "external_pid_file",
)


def text(value: object) -> str:
    """Read a text on one line."""
    if not isinstance(value, str) or not value.strip():
        raise ValueError("wants a text that is not empty")
    if any(character in "\n\r" for character in value):
        raise ValueError("wants a text on one line")
    return _plain(value)


def name(value: object) -> str:
    """Read the name of a database or a role; any character goes, PostgreSQL quotes it."""
    given = text(value)
    if len(given.encode()) > _NAME_LIMIT:
        raise ValueError(f"wants at most {_NAME_LIMIT} bytes, PostgreSQL's limit for names")
    return given


def slug(value: object) -> str:
    """Read a name that Docker and file systems take as it is."""
    given = text(value)
    if not re.fullmatch(r"[a-zA-Z0-9][a-zA-Z0-9_.-]*", given):
        raise ValueError("wants letters, digits, '_', '.' and '-' only, as in Docker names")
    if len(given) > _SLUG_LIMIT:
        raise ValueError(f"wants at most {_SLUG_LIMIT} characters")
    return given


def path(value: object) -> str:
    """Read the path of a file or folder; it need not be there."""
    given = text(value)
    try:
        parts = Path(given).expanduser().parts
    except RuntimeError:
        raise ValueError("begins with the home of a user who does not exist") from None
    if len(given.encode()) > _PATH_LIMIT or any(len(one.encode()) > _PART_LIMIT for one in parts):
        raise ValueError("wants a path that a file system takes, and this one is too long")
    return given


def kind(value: object) -> str:
    """Read a kind of server."""
    if value not in SERVER_KINDS:
        raise ValueError(f"wants one of {', '.join(SERVER_KINDS)}")
    return str(value)


def major(value: object) -> int:
    """Read a supported PostgreSQL major version."""
    if str(value).strip() not in {str(supported) for supported in SUPPORTED_MAJORS}:
        raise ValueError(f"wants one of the majors {', '.join(map(str, SUPPORTED_MAJORS))}")
    return int(str(value))


def majors(value: object) -> tuple[int, ...]:
    """Read majors: a list of numbers, or `14,15`; sorted, each once."""
    items = value.split(",") if isinstance(value, str) else value
    if not isinstance(items, (list, tuple)) or not items:
        raise ValueError("wants a list of PostgreSQL majors, such as [17, 18]")
    return tuple(sorted({major(item) for item in items}))


def flag(value: object) -> bool:
    """Read a yes or no."""
    if isinstance(value, bool):
        return value
    word = str(value).strip().lower()
    if word not in {"1", "true", "yes", "on", "0", "false", "no", "off"}:
        raise ValueError("wants true or false")
    return word in {"1", "true", "yes", "on"}


def port(value: object) -> int:
    """Read a TCP port."""
    return _integer(value, 1, 65535)


def megabytes(value: object) -> int:
    """Read a number of megabytes."""
    return _integer(value, 0, 10**9)


def count(value: object) -> int:
    """Read how many times something may be done again."""
    return _integer(value, 0, 1000)


def seconds(value: object) -> float:
    """Read a number of seconds, at most a day."""
    wanted = "wants a number of seconds, more than 0"
    if isinstance(value, bool) or not isinstance(value, (str, int, float)):
        raise ValueError(wanted)  # noqa: TRY004  one kind of error for the caller
    try:
        given = float(value)
    except (ValueError, OverflowError):
        raise ValueError(wanted) from None
    if not 0 < given <= 86400:
        raise ValueError(wanted)
    return given


def duration(value: object) -> str:
    """Read a duration as PostgreSQL writes it; a bare number is milliseconds."""
    given = str(value).strip()
    if isinstance(value, bool) or not re.fullmatch(
        r"[0-9]+(\.[0-9]+)?\s*(us|ms|s|min|h|d)?", given
    ):
        raise ValueError("wants a PostgreSQL duration such as 500ms or 5s")
    number, unit = re.fullmatch(r"([\d.]+)\s*(\w*)", given).groups()  # type: ignore[union-attr]
    if len(number) > _LONGEST_NUMBER or float(number) * _MILLISECONDS[unit] > _LONGEST_DURATION:
        raise ValueError("wants a PostgreSQL duration of at most 24 days")
    return given


def url(value: object) -> DatabaseURL:
    """Read a database URL; a list of the tasks has none to read."""
    from dbtasks.url import DatabaseURL

    return value if isinstance(value, DatabaseURL) else DatabaseURL.parse(text(value))


def texts(value: object) -> tuple[str, ...]:
    """Read a text, or a list of them."""
    items = [value] if isinstance(value, str) else value
    if not isinstance(items, (list, tuple)) or not all(
        isinstance(item, str) and item.strip() for item in items
    ):
        raise ValueError("wants a text or a list of texts")
    if any("\0" in item for item in items):
        raise ValueError("wants texts without null bytes")
    return tuple(_encodable(item) for item in items)


def table(value: object) -> dict[str, str]:
    """Read a table of names and values, or `NAME=VALUE,NAME=VALUE`."""
    if isinstance(value, str):
        pairs = [pair.partition("=") for pair in value.split(",") if pair.strip()]
        if not all(equals and key.strip() for key, equals, _ in pairs):
            raise ValueError("wants NAME=VALUE, several separated by commas")
        return {_plain(key.strip()): _plain(item.strip()) for key, _, item in pairs}
    if not hasattr(value, "items"):
        raise ValueError("wants a table of names and values")
    return {_plain(str(key)): _plain(_scalar(item)) for key, item in value.items()}


def variables(value: object) -> dict[str, str]:
    """Read variables of the environment."""
    given = table(value)
    if not all(key and "=" not in key for key in given):
        raise ValueError("wants names that are not empty and have no '='")
    return given


def server_options(value: object) -> dict[str, str]:
    """Read server parameters, but for those that decide where the server is.

    Raises:
        SettingsError: it has some of those, in any spelling that PostgreSQL takes.
    """
    given = table(value)
    spelled = {name.strip().lower().replace("-", "_") for name in given}
    refused = [name for name in _FIXED_PARAMETERS if name in spelled]
    if refused:
        raise SettingsError(
            f"dbtasks itself sets {', '.join(refused)}",
            remedy="leave that out of server_options; the setting port (DBTASKS_PORT) chooses the port",
        )
    return given


def _integer(value: object, low: int, high: int) -> int:
    if isinstance(value, str) and value.strip().isdecimal() and len(value) < _LONGEST_NUMBER:
        value = int(value)
    if not isinstance(value, int) or isinstance(value, bool) or not low <= value <= high:
        raise ValueError(f"wants a whole number from {low} to {high}")
    return value


def _plain(text: str) -> str:
    if any(unicodedata.category(character) == "Cc" for character in text):
        raise ValueError("wants text without control characters")
    return _encodable(text)


def _encodable(text: str) -> str:
    try:
        text.encode()
    except UnicodeEncodeError:
        raise ValueError("wants text in UTF-8") from None
    return text


def _scalar(value: object) -> str:
    if isinstance(value, bool):
        return "on" if value else "off"
    if not isinstance(value, (str, int, float)):
        raise ValueError("wants a table whose values are texts or numbers")  # noqa: TRY004
    return str(value)
