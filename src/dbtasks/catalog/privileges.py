"""Access privileges as people read them: what differs from the default, grantee by grantee."""

from __future__ import annotations

import functools
import json
import re

NAMES = {
    "r": "SELECT", "a": "INSERT", "w": "UPDATE", "d": "DELETE", "D": "TRUNCATE",
    "x": "REFERENCES", "t": "TRIGGER", "m": "MAINTAIN", "X": "EXECUTE", "U": "USAGE",
    "C": "CREATE", "c": "CONNECT", "T": "TEMPORARY", "s": "SET", "A": "ALTER SYSTEM",
}  # fmt: skip
ALL, NOTHING, GRANTABLE = "ALL", "nothing", " with grant option"

_PLAIN = re.compile(r"[a-z_][a-z0-9_$]*")
_ROLE = r'"(?:[^"]|"")*"|[^=/"]*'
_ITEM = re.compile(rf"({_ROLE})=([A-Za-z*]*)/({_ROLE})", re.DOTALL)


@functools.lru_cache(maxsize=1024)
def read_grants(packed: str) -> tuple[str, ...]:
    """Return the lines of an ACL, from what `query.grants()` sends.

    A line is `role: INSERT, SELECT`, or `role: ALL` where it is everything that such an object
    knows. What the default says, too, is left out; what only the default says is `role: nothing`.
    """
    acl, default, full = (_parsed(items) for items in json.loads(packed))
    owner = next((by for _, by in full), "")
    # the default of initdb names who owned the object then
    default = {(owner if to == by else to, owner): given for (to, by), given in default.items()}
    letters = {letter for given in full.values() for letter in given if letter != "*"}
    lines = []
    for grantee, by in sorted(acl.keys() | default.keys()):
        given = acl.get((grantee, by), "")
        if given != default.get((grantee, by), ""):
            grantor = "" if by == owner else f" (granted by {by})"
            lines.append(f"{grantee}: {_words(given, letters)}{grantor}")
    return tuple(lines)


def _parsed(items: list[str]) -> dict[tuple[str, str], str]:
    found = {}
    for item in items:
        match = _ITEM.fullmatch(item)
        assert match is not None, item
        found[_quoted(match[1]), _quoted(match[3])] = match[2]
    return found


def _words(given: str, full: set[str]) -> str:
    plain = set(re.findall(r"[A-Za-z](?!\*)", given))
    grantable = set(re.findall(r"([A-Za-z])\*", given))
    if full and plain == full:
        return ALL
    if full and grantable == full:
        return ALL + GRANTABLE
    words = [NAMES.get(letter, letter) for letter in plain]
    words += [NAMES.get(letter, letter) + GRANTABLE for letter in grantable]
    return ", ".join(sorted(words)) or NOTHING


def _quoted(role: str) -> str:
    """Return a role as PostgreSQL quotes it; an ACL quotes fewer than other places do."""
    if not role:
        return "PUBLIC"
    name = role[1:-1].replace('""', '"') if role.startswith('"') else role
    return name if _PLAIN.fullmatch(name) else '"' + name.replace('"', '""') + '"'
