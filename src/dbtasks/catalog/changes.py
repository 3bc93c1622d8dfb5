"""What differs between two fingerprints, in words."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from dbtasks.catalog.fingerprint import OF_TABLE

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from dbtasks.catalog.fingerprint import Fingerprint, Properties, Value

_LONG, _CONTEXT = 120, 40
_LAST_NAME = re.compile(r'(.+)\.(?:"(?:[^"]|"")*"|[^".]+)', re.DOTALL)
_KINDS = ("table", "foreign table", "view", "materialized view", "type", "domain")


@dataclass(frozen=True, kw_only=True)
class Change:
    """One object that was added, removed or changed; `str()` is a line for people.

    `properties` holds names with the values before and after; None stands for a value that is not
    there.
    """

    key: str
    what: str
    properties: tuple[tuple[str, Value | None, Value | None], ...]

    def __str__(self) -> str:
        if self.what != "changed":
            return f"{self.key}: {self.what}"
        return f"{self.key}: " + "; ".join(
            f"{name} was {was}, is {now}"
            for name, was, now in (
                (name, *_shown(before, after)) for name, before, after in self.properties
            )
        )


def changes(before: Fingerprint, after: Fingerprint) -> tuple[Change, ...]:
    """Return what differs, ordered by key.

    What came or went with its table, view, type or column (columns, indexes, constraints, owned
    sequences and the like) is not told again.
    """
    found = []
    old, new = before.objects, after.objects
    for key in sorted(k for k in old.keys() | new.keys() if old.get(k) != new.get(k)):
        was, now = old.get(key), new.get(key)
        if was is None or now is None:
            present, absent = (new, old) if was is None else (old, new)
            if any(o in present and o not in absent for o in _owners(key, present[key])):
                continue
        what = "added" if was is None else "removed" if now is None else "changed"
        found.append(Change(key=key, what=what, properties=tuple(_differing(was or {}, now or {}))))
    return tuple(found)


def _differing(
    was: Properties, now: Properties
) -> Iterator[tuple[str, Value | None, Value | None]]:
    for name in dict.fromkeys((*was, *now)):
        if was.get(name) != now.get(name):
            yield name, was.get(name), now.get(name)


def _owners(key: str, properties: Mapping[str, Value]) -> Iterator[str]:
    """Yield the keys of what an object goes with, if that exists."""
    kind, _, name = key.partition(" ")
    owners = [str(properties[p]) for p in ("table", "owned by") if p in properties]
    if kind in OF_TABLE or "owned by" in properties:
        match = _LAST_NAME.fullmatch(name if kind in OF_TABLE else owners[0])
        assert match is not None, key
        owners.append(match[1])
    for owner in owners:
        yield from (f"{kind} {owner}" for kind in _KINDS)
    if "owned by" in properties:
        yield f"column {owners[0]}"


def _shown(was: Value | None, now: Value | None) -> tuple[str, str]:
    """Return both values on one line each; of long ones, where they begin to differ."""
    before, after = _line(was), _line(now)
    if max(len(before), len(after)) <= _LONG:
        return before, after
    same = next(
        (i for i, (a, b) in enumerate(zip(before, after, strict=False)) if a != b),
        min(len(before), len(after)),
    )
    start = max(0, same - _CONTEXT)
    return _cut(before, start), _cut(after, start)


def _cut(text: str, start: int) -> str:
    piece = text[start : start + _LONG]
    return ("..." if start else "") + piece + ("..." if start + _LONG < len(text) else "")


def _line(value: Value | None) -> str:
    if value is None:
        return "(none)"
    if not isinstance(value, str):
        return f"[{', '.join(value)}]"
    return " ".join(value.split())
