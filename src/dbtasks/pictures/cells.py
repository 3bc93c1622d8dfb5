"""Texts from files of others: made harmless, measured in columns of a terminal, and cut to fit."""

from __future__ import annotations

import unicodedata

_INVISIBLE = frozenset(
    "\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\ufffe\uffff"
)


def clean(words: str) -> str:
    """Return a text as one line, without characters that command a terminal or break XML."""
    one_line = " ".join(words.split())
    if one_line.isascii() and one_line.isprintable():
        return one_line
    return "".join(
        char
        for char in one_line
        if unicodedata.category(char) not in {"Cc", "Cs"} and char not in _INVISIBLE
    )


def cells(words: str) -> int:
    """Return how many columns of a terminal a text takes, at most."""
    if words.isascii():
        return len(words)
    return sum(_cells(char) for char in words)


def _cells(char: str) -> int:
    if char == "\ufe0f":  # asks for the wide form of the character before it
        return 1
    if unicodedata.category(char) in {"Mn", "Me", "Cf"}:
        return 0
    return 2 if unicodedata.east_asian_width(char) in {"W", "F"} else 1


def shorten(words: str, room: int, ellipsis: str = "…") -> str:
    """Return a text that takes at most `room` columns, with an ellipsis where it was cut."""
    if cells(words) <= room:
        return words
    taken, kept = len(ellipsis), ""
    for char in words:
        taken += _cells(char)
        if taken > room:
            break
        kept += char
    kept = kept.rstrip(" \u200d")
    return f"{kept}{ellipsis}" if room > len(ellipsis) and kept else ""
