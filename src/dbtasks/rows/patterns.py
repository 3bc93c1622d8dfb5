"""A text that a simple regular expression or LIKE pattern matches."""

from __future__ import annotations

import re

# Of each class the first and the last character.
_CLASSES = {"d": "09", "w": "az", "s": "  ", "D": "az", "W": "-+", "S": "az"}
_NAMED = {"alpha": "az", "digit": "09", "alnum": "a9", "upper": "AZ", "lower": "az", "space": "  "}
_ANY = "az"
_REPEAT = re.compile(r"\{(\d+)(?:,\d*)?\}\??|([*+?])\??")


def like(pattern: str, end: int = 0) -> str:
    """Return a short text that a LIKE pattern matches; `end` 0 or -1 makes two different ones."""
    out, escaped = "", False
    for char in pattern:
        if char == "\\" and not escaped:
            escaped = True
            continue
        out += _ANY[end] if char in "%_" and not escaped else char
        escaped = False
    return out


def matching(pattern: str, end: int = 0) -> str:
    """Return a short text that a regular expression matches; of alternatives, the first.

    `end` 0 takes the first character of each class, -1 the last.

    Knows classes, groups and repeats; what it does not know comes out as it is written. The server
    judges the text, so a wrong one costs one attempt.
    """
    return _alternatives(pattern, end)[0]


def _alternatives(pattern: str, end: int) -> tuple[str, str]:
    """Return what the first alternative gives, and what follows the closing parenthesis."""
    first: str | None = None
    out = ""
    while pattern:
        char = pattern[0]
        if char == ")":
            return (out if first is None else first), pattern[1:]
        if char == "|":
            first, out, pattern = (out if first is None else first), "", pattern[1:]
            continue
        atom, pattern = _atom(pattern, end)
        repeat = _REPEAT.match(pattern)
        if repeat:
            pattern = pattern[repeat.end() :]
            atom *= int(repeat[1]) if repeat[1] else int(repeat[2] == "+")
        out += atom
    return (out if first is None else first), ""


def _atom(pattern: str, end: int) -> tuple[str, str]:
    char, rest = pattern[0], pattern[1:]
    if char in "^$":
        return "", rest
    if char == ".":
        return _ANY[end], rest
    if char == "(":
        return _alternatives(re.sub(r"^\?[:=]", "", rest), end)
    if char == "[":
        return _bracket(rest, end)
    if char == "\\" and rest:
        return ("" if rest[0] in "AZmMyY" else _CLASSES.get(rest[0], rest[0])[end]), rest[1:]
    return char, rest


def _bracket(rest: str, end: int) -> tuple[str, str]:
    negated = rest.startswith("^")
    body = re.match(r"\^?(\]?(?:\[:\w+:\]|\\.|[^\]\\])*)\]", rest)
    if body is None:
        return "[", rest
    inside, after = body[1], rest[body.end() :]
    if negated:
        return next((one for one in "a0 -_" if one not in inside), "~"), after
    named = re.match(r"\[:(\w+):\]", inside)
    if named:
        return _NAMED.get(named[1], _ANY)[end], after
    if inside.startswith("\\"):
        return _CLASSES.get(inside[1], inside[1])[end], after
    return inside[end], after
