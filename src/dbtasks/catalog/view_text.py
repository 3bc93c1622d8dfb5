"""The text of a view, as PostgreSQL prints it."""

from __future__ import annotations

import re
from typing import NamedTuple

_TOKEN = re.compile(
    r"""(?P<string>E?'(?:[^'\\]|''|\\.)*')|(?P<name>"(?:[^"]|"")*"|[^\W\dA-Z][\w$]*)
    |(?P<word>[A-Z]+)|(?P<space>\s+)|(?P<other>[\d.]*\d|.)""",
    re.VERBOSE | re.DOTALL,
)
_SET_OPERATIONS = {"UNION", "INTERSECT", "EXCEPT"}
_AFTER_FROM = {"WHERE", "GROUP", "HAVING", "WINDOW", "ORDER", "LIMIT", "OFFSET", "FETCH", "FOR"}


class _Token(NamedTuple):
    kind: str
    text: str
    depth: int


def without_qualifier(definition: str) -> str:
    """Return a view's query without the table's name before columns, if it reads one table only.

    PostgreSQL 16 stopped printing that name. The query is one that `pg_get_viewdef` printed: its
    keywords are upper case, its names are not, and joins are in parentheses.
    """
    tokens = list(_tokens(definition))
    alias = _only_alias(tokens)
    if alias is None:
        return definition
    kept: list[str] = []
    skip = 0
    for number, token in enumerate(tokens):
        following = [t.text for t in tokens[number + 1 : number + 3]]
        is_qualifier = token.kind == "name" and token.text == alias and kept[-1:] != ["."]
        if is_qualifier and following[:1] == ["."] and following[1:] != ["*"]:
            skip = 2
        if skip:
            skip -= 1
        else:
            kept.append(token.text)
    return "".join(kept)


def _tokens(text: str) -> list[_Token]:
    found, depth = [], 0
    for match in _TOKEN.finditer(text):
        depth -= match[0] in {")", "]"}
        found.append(_Token(str(match.lastgroup), match[0], depth))
        depth += match[0] in {"(", "["}
    return found


def _only_alias(tokens: list[_Token]) -> str | None:
    """Return the name of the one table, function or subquery that the outermost query reads."""
    outer = [t for t in tokens if t.depth == 0 and t.kind != "space"]
    words = [t.text if t.kind == "word" else "" for t in outer]
    if "FROM" not in words or _SET_OPERATIONS & set(words):
        return None
    begin = words.index("FROM") + 1
    end = next((i for i in range(begin, len(outer)) if words[i] in _AFTER_FROM), len(outer))
    end = next((i for i in range(begin, end) if words[i] == "TABLESAMPLE"), end)
    names = [t.text for t in outer[begin:end] if t.kind == "name"]
    several = any(t.text == "," for t in outer[begin:end])
    return names[-1] if names and not several else None
