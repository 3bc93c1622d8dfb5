"""What the fuzz tests share: how many examples, awkward texts, and what every error has to be.

The long form (DBTASKS_TORTURE=1) draws anew in every run, and many times as much.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st

from dbtasks.report.document import dumps, error_document

if TYPE_CHECKING:
    from dbtasks.errors import DbtasksError

LONG = os.environ.get("DBTASKS_TORTURE") == "1"
Test = TypeVar("Test", bound=Callable[..., None])

# Whatever the documentation of a format, an editor or a shell lets through.
AWKWARD = (
    *("", " ", "\t", "\n", "\r\n", "\0", "\x1b[31m", "\x7f", "\x85", "\u2028", "\ufeff"),
    *(
        "é",
        "ß",
        "١٢",
        "²",
        "\U0001d7de",
        "🙂",
        "e\u0301",
        "\u202egnp",
        "\udc80",
        "\udcff\udcfe",
        "\ud800",
    ),
    *(
        "%",
        "%%",
        "%(here)s",
        "%(x)s",
        "%s",
        "%40",
        "%zz",
        "%00",
        "{",
        "}",
        "{0}",
        "{x.y}",
        "$$",
        "${X}",
    ),
    *(
        "'",
        '"',
        "\\",
        "`id`",
        ";",
        "--",
        "/*",
        "[red]",
        "[/]",
        "../..",
        "/",
        "~",
        "~nobody-here",
        ".",
    ),
    *(
        "None",
        "null",
        "true",
        "-1",
        "0",
        "1e400",
        "nan",
        "inf",
        "0x10",
        "1_000",
        "9" * 5000,
        "x" * 300,
    ),
)


def fuzzed(examples: int, long: int | None = None) -> Callable[[Test], Test]:
    """Return the settings of a fuzz test: seeded and short, or (by default a hundredfold) long."""
    return settings(
        max_examples=(long or examples * 100) if LONG else examples,
        deadline=None,
        derandomize=not LONG,
        database=None,
        print_blob=LONG,
        suppress_health_check=[*HealthCheck],
    )


def texts() -> st.SearchStrategy[str]:
    """Return texts of any characters, lone surrogates included: the environment may hold them."""
    pieces = st.one_of(st.sampled_from(AWKWARD), st.text(st.characters(codec=None), max_size=8))
    return st.one_of(pieces, st.lists(pieces, max_size=4).map("".join))


def values() -> st.SearchStrategy[Any]:
    """Return what TOML, YAML or Invoke may hold as a value."""
    scalars = st.one_of(
        texts(),
        st.integers(),
        st.floats(),
        st.booleans(),
        st.none(),
        st.dates(),
        st.datetimes(),
        st.times(),
        st.integers(0, 20000),
    )
    return st.recursive(
        scalars,
        lambda inner: st.one_of(
            st.lists(inner, max_size=3), st.dictionaries(texts(), inner, max_size=3)
        ),
        max_leaves=6,
    )


def file_name(text: str) -> str:
    """Return a text as a name that a file can have; Linux takes any bytes but two."""
    data = text.replace("\0", "").replace("/", "")[:80].encode("utf-8", "surrogatepass")
    return data.decode("utf-8", "surrogateescape")


def check_error(error: DbtasksError, *codes: int) -> None:
    """Assert that an error is one line and a remedy, printable anywhere, with one of the exit codes."""
    assert error.exit_code in codes, (error.exit_code, error.message)
    assert error.message.strip()
    assert error.remedy.strip(), error.message
    for line in (error.message, error.remedy, *error.details):
        assert len(line.splitlines()) <= 1, line
        assert line.isprintable(), line
        line.encode()
    assert json.loads(dumps(error_document(error)))["error"]["message"] == error.message


def toml(document: dict[Any, Any]) -> bytes:
    """Write a document as TOML, as far as it goes: what it cannot hold becomes no TOML."""
    lines = [f"{_toml(str(key))} = {_toml(value)}" for key, value in document.items()]
    return "\n".join(lines).encode("utf-8", "surrogatepass")


def _toml(value: Any) -> str:
    if isinstance(value, dict):
        return "{" + ", ".join(f"{_toml(str(k))} = {_toml(v)}" for k, v in value.items()) + "}"
    if isinstance(value, list):
        return f"[{', '.join(map(_toml, value))}]"
    if isinstance(value, str):
        return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, int):
        return hex(value) if value > 0 else str(value)  # as decimal, not every one can be written
    return '""' if value is None else str(value)
