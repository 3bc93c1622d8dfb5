"""What is printed without Rich into a pipe is what Rich would have printed there."""

from __future__ import annotations

import io
import re
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console
from rich.text import Text

from dbtasks.display import Display
from dbtasks.errors import ServerError
from dbtasks.pictures.graph import lines
from dbtasks.results import Revision

if TYPE_CHECKING:
    from collections.abc import Callable

ENCODINGS = ("utf-8", "ascii", "latin-1")


@pytest.fixture(autouse=True)
def _uncoloured(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("FORCE_COLOR", "TTY_COMPATIBLE"):
        monkeypatch.delenv(name, raising=False)


def printed(stream: str, work: Callable[[Display], None], encoding: str = "utf-8") -> bytes:
    """Return what a display prints into a pipe that takes an encoding."""
    raw = io.BytesIO()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(f"sys.{stream}", io.TextIOWrapper(raw, encoding=encoding))
        work(Display())
        return raw.getvalue()


def by_rich(*texts: str, encoding: str = "utf-8") -> bytes:
    raw = io.BytesIO()
    console = Console(
        file=io.TextIOWrapper(raw, encoding=encoding), highlight=False, soft_wrap=True
    )
    for text in texts:
        console.print(Text(text))
    return raw.getvalue()


@given(st.text(st.characters(exclude_categories=["Cs"])))
def test_a_line(text: str) -> None:
    expected = by_rich(text)
    assert printed("stdout", lambda display: display.print(text)) == expected
    assert printed("stderr", lambda display: display.note(text)) == expected
    assert printed("stderr", lambda display: display.say(text)) == (expected if text else b"")


@pytest.mark.parametrize(
    "text",
    ["two\nlines\n", "a\ttab", "[bold]no markup[/]", "\x1b[31mred\a", " x " * 99, "日本\u200b"],
)
def test_an_awkward_line(text: str) -> None:
    assert printed("stdout", lambda display: display.print(text)) == by_rich(text)


@pytest.mark.parametrize("encoding", ENCODINGS)
def test_a_history(encoding: str) -> None:
    history = [
        Revision(
            revision=name,
            down_revision=parents,
            message=message,
            path="",
            is_head=name == "d",
            is_current=name == "b",
        )
        for name, parents, message in (
            ("d", ("b", "c"), "größer als 中文" * 9),
            ("c", ("a",), ""),
            ("b", ("a",), "[red]x[/]"),
            ("a", (), "a\ttab"),
        )
    ]
    drawn = ("".join(part.text for part in line) for line in lines(history, encoding=encoding))
    assert printed("stdout", lambda display: display.history(history), encoding) == by_rich(
        *drawn, encoding=encoding
    )


@pytest.fixture
def narrow(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let Rich take every stream for a terminal of 40 columns."""
    for name, value in (("FORCE_COLOR", "1"), ("COLUMNS", "40"), ("TERM", "xterm")):
        monkeypatch.setenv(name, value)


def shown(stream: str, work: Callable[[Display], None]) -> str:
    """Return what a display prints, without the codes of colours."""
    return re.sub(r"\x1b\[[0-9;]*m", "", printed(stream, work).decode())


@pytest.mark.usefixtures("narrow")
def test_lines_hang_where_a_terminal_ends() -> None:
    text = "3 differences\n  table legacy_import is in the database only\n\n  op.x()"
    assert shown("stdout", lambda display: display.print(text)) == (
        "3 differences\n  table legacy_import is in the database\n    only\n\n  op.x()\n"
    )
    assert shown("stdout", lambda display: display.print(text, verbatim=True)) == (f"{text}\n")


@pytest.mark.usefixtures("narrow")
def test_an_error_hangs_where_a_terminal_ends() -> None:
    error = ServerError(
        "no PostgreSQL server answers at 127.0.0.1:1: Connection refused",
        remedy="see invoke db.logs, or check the address",
        details=["file: /a/path/that/is/much/longer/than/a/line.py"],
    )
    assert shown("stderr", lambda display: display.error(error)) == (
        "error: no PostgreSQL server answers at\n  127.0.0.1:1: Connection refused\n"
        "  file: /a/path/that/is/much/longer/than/a/line.py\n"
        "remedy: see invoke db.logs, or check the\n  address\n"
    )


@pytest.mark.usefixtures("narrow")
def test_columns_fit_a_terminal() -> None:
    pairs = [("server", "docker (a Docker engine answers today)"), ("state", "")]
    assert shown("stdout", lambda display: display.pairs(pairs)) == (
        "server  docker (a Docker engine answers\n        today)\nstate\n"
    )


def test_columns_in_a_pipe_are_as_long_as_they_are() -> None:
    pairs = [("server", "docker " * 20), ("state", "up")]
    assert shown("stdout", lambda display: display.pairs(pairs)) == (
        f"server  {'docker ' * 20}".rstrip() + "\nstate   up\n"
    )
