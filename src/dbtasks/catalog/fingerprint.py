"""A picture of a database's catalog that two databases can be compared by."""

from __future__ import annotations

import functools
import json
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from dbtasks.catalog import code, others, relations
from dbtasks.catalog.privileges import read_grants
from dbtasks.catalog.query import COMMENT, MEMBER, statement

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Mapping, Sequence

    Value = str | tuple[str, ...]
    Properties = Mapping[str, Value]

_PARTS = (others.SCHEMAS, *code.PARTS, *relations.PARTS, *others.PARTS)
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
    members: set[tuple[str, int]] = set()
    comments: dict[tuple[str, int, int], str] = {}
    names: dict[str, dict[int, str]] = {part.catalog: {} for part in _PARTS}
    for number, oid, sub, parent, name, text in execute(SQL):
        if number is None:
            continue
        if number < 0:
            if number == COMMENT:
                comments[name, oid, sub] = text
            elif number == MEMBER:
                members.add((name, oid))
            else:
                major = oid // 10000
            continue
        part = _PARTS[number]
        catalog, full_name = part.catalog, name
        if (catalog, oid) in members:
            continue
        parent_name = None
        if part.parent_in:
            parent_name = names[part.parent_in].get(parent)
            if parent_name is None:
                continue
            if not part.qualified:
                full_name = f"{parent_name}.{name}"
        if not sub:
            names[catalog][oid] = full_name
        kind, found = _parsed(number, text)
        comment = comments.get((catalog, oid, sub))
        if parent_name is not None and part.parent_as:
            found = {part.parent_as: parent_name, **found}
        if comment is not None:
            found = {**found, "comment": comment}
        objects[f"{kind} {full_name}"] = found
    for table in ignore:
        objects = {k: found for k, found in objects.items() if not _belongs(k, found, table)}
    return Fingerprint(major=major, objects=objects)


@functools.lru_cache(maxsize=20_000)
def _parsed(number: int, text: str) -> tuple[str, Properties]:
    """Return the kind and the properties of an object from the values that a part reads.

    Most are the same at every read, and those of many columns are the same: nobody may change
    what is returned.
    """
    kind, *values = _array(text)
    names, converted = _FIELDS[number]
    found: dict[str, Any] = {
        name: value for name, value in zip(names, values, strict=True) if value is not None
    }
    for name, convert in converted:
        if name in found:
            found[name] = convert(found[name])
            if not found[name]:
                del found[name]
    assert kind is not None, text
    return kind, found


def _array(text: str) -> list[str | None]:
    """Return the elements of a text[], as PostgreSQL writes it."""
    return [
        _ESCAPED.sub(r"\1", match[1])
        if match[1] is not None
        else None
        if match[0] == "NULL"
        else match[0]
        for match in _ELEMENT.finditer(text, 1, len(text) - 1)
    ]


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
_ELEMENT = re.compile(r'"((?:[^"\\]|\\.)*)"|[^,]+', re.DOTALL)
_ESCAPED = re.compile(r"\\(.)", re.DOTALL)
