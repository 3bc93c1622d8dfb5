"""A picture of a database's catalog that two databases can be compared by."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from dbtasks.catalog import code, others, relations
from dbtasks.catalog.privileges import read_grants
from dbtasks.catalog.query import statement

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Mapping, Sequence

    Value = str | tuple[str, ...]
    Properties = Mapping[str, Value]

_PARTS = (*relations.PARTS, *code.PARTS, *others.PARTS)
SQL = statement(_PARTS)

# What is known of a table by its key alone.
OF_TABLE = ("column", "constraint", "trigger", "rule", "policy")


@dataclass(frozen=True, kw_only=True)
class Fingerprint:
    """The objects of a database, by kind and qualified name as PostgreSQL quotes it.

    `objects` holds plain values that JSON can carry. Two fingerprints are equal when their objects
    are; `major` is the PostgreSQL major that they were read from.
    """

    major: int = field(compare=False)
    objects: Mapping[str, Properties]


def read(
    execute: Callable[[str], Iterable[Sequence[Any]]], *, ignore: Collection[str] = ()
) -> Fingerprint:
    """Read the catalog of the database that `execute` runs one SQL text on and returns rows from.

    One statement, which leaves the session as it was. `ignore` names tables, qualified and quoted
    as PostgreSQL does it, that are left out with all that belongs to them.
    """
    major = 0
    objects: dict[str, Properties] = {}
    for number, key, values in execute(SQL):
        if number >= 0:
            names, converted = _FIELDS[number]
            found = {
                name: value for name, value in zip(names, values, strict=True) if value is not None
            }
            for name, convert in converted:
                if name in found:
                    found[name] = convert(found[name])
                    if not found[name]:
                        del found[name]
            objects[key] = found
        elif values:
            major = int(key) // 10000
    for table in ignore:
        objects = {k: found for k, found in objects.items() if not _belongs(k, found, table)}
    return Fingerprint(major=major, objects=objects)


def _belongs(key: str, properties: Properties, table: str) -> bool:
    kind, _, name = key.partition(" ")
    if kind in OF_TABLE:
        return name.startswith(f"{table}.")
    owned = str(properties.get("owned by", ""))
    return name == table or properties.get("table") == table or owned.startswith(f"{table}.")


def _list(text: str) -> tuple[str, ...]:
    return tuple(json.loads(text))


def _fields(names: Iterable[str]) -> tuple[tuple[str, ...], tuple[tuple[str, Any], ...]]:
    """Return the names of a part's properties, and which are made from the text that is sent."""
    plain = tuple(name.removesuffix("[]") for name in names)
    converted = [(name.removesuffix("[]"), _list) for name in names if name.endswith("[]")]
    if "grants" in plain:
        converted.append(("grants", read_grants))
    return plain, tuple(converted)


_FIELDS = [_fields(part.fields) for part in _PARTS]
