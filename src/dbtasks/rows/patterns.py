"""A text that a simple regular expression or LIKE pattern matches."""

from __future__ import annotations

import re

_CLASSES = {"d": "0", "w": "a", "s": " ", "D": "a", "W": "-", "S": "a"}
_NAMED = {"alpha": "a", "digit": "0", "alnum": "a", "upper": "A", "lower": "a", "space": " "}
_REPEAT = re.compile(r"\{(\d+)(?:,\d*)?\}\??|([*+?])\??")


def like(pattern: str) -> str:
    """Return the shortest text that a LIKE pattern matches, with something for each `%`."""
    out, escaped = "", False
    for char in pattern:
        if char == "\\" and not escaped:
            escaped = True
            continue
        out += "a" if char in "%_" and not escaped else char
        escaped = False
    return out


def matching(pattern: str) -> str:
    """Return a short text that a regular expression matches; of alternatives, the first.

    Knows classes, groups and repeats; what it does not know comes out as it is written. The server
    judges the text, so a wrong one costs one attempt.
    """
    return _alternatives(pattern)[0]


def _alternatives(pattern: str) -> tuple[str, str]:
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
        atom, pattern = _atom(pattern)
        repeat = _REPEAT.match(pattern)
        if repeat:
            pattern = pattern[repeat.end() :]
            atom *= int(repeat[1]) if repeat[1] else int(repeat[2] == "+")
        out += atom
    return (out if first is None else first), ""


def _atom(pattern: str) -> tuple[str, str]:
    char, rest = pattern[0], pattern[1:]
    if char in "^$":
        return "", rest
    if char == ".":
        return "a", rest
    if char == "(":
        return _alternatives(re.sub(r"^\?[:=]", "", rest))
    if char == "[":
        return _bracket(rest)
    if char == "\\" and rest:
        return ("" if rest[0] in "AZmMyY" else _CLASSES.get(rest[0], rest[0])), rest[1:]
    return char, rest


def _bracket(rest: str) -> tuple[str, str]:
    negated = rest.startswith("^")
    body = re.match(r"\^?(\]?(?:\[:\w+:\]|\\.|[^\]\\])*)\]", rest)
    if body is None:
        return "[", rest
    inside, after = body[1], rest[body.end() :]
    if negated:
        return next((one for one in "a0 -_" if one not in inside), "~"), after
    named = re.match(r"\[:(\w+):\]", inside)
    if named:
        return _NAMED.get(named[1], "a"), after
    if inside.startswith("\\"):
        return _CLASSES.get(inside[1], inside[1]), after
    return inside[:1], after
