"""Texts measured in columns of a terminal."""

from __future__ import annotations

import pytest

from dbtasks.pictures.cells import cells, clean, shorten


@pytest.mark.parametrize(
    ("words", "columns"),
    [("plain", 5), ("größe", 5), ("e\u0301", 1), ("日本", 4), ("🚀", 2), ("❤\ufe0f", 2)],
)
def test_cells(words: str, columns: int) -> None:
    assert cells(words) == columns


@pytest.mark.parametrize(
    ("words", "room", "short"),
    [
        ("orders", 6, "orders"),
        ("orders", 5, "orde…"),
        ("two words", 5, "two…"),
        ("日本語", 5, "日本…"),
        ("日本語", 4, "日…"),
        ("orders", 1, ""),
        ("orders", 0, ""),
    ],
)
def test_shorten(words: str, room: int, short: str) -> None:
    assert shorten(words, room) == short


def test_clean_keeps_what_emoji_are_joined_with() -> None:
    assert clean("  👩\u200d💻 \u2028 a\x00\ufffe ") == "👩\u200d💻 a"
