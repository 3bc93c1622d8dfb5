"""How a fingerprint is read: once, or again and again."""

from __future__ import annotations

import functools
import json
import re
from typing import TYPE_CHECKING, Any

from dbtasks.catalog import code, others, relations
from dbtasks.catalog.fingerprint import OF_TABLE, Fingerprint
from dbtasks.catalog.privileges import read_grants
from dbtasks.catalog.query import COMMENT, MEMBER, MORE, VERSION, statement

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Sequence

    from dbtasks.catalog.fingerprint import Properties
    from dbtasks.catalog.query import Part

    Execute = Callable[[str], Iterable[Sequence[Any]]]

_PARTS = (others.SCHEMAS, *code.PARTS, *relations.PARTS, *others.PARTS)
_USUAL = (
    others.SCHEMAS,
    relations.TABLES,
    relations.COLUMNS,
    relations.SEQUENCES,
    relations.INDEXES,
    relations.CONSTRAINTS,
    others.EXTENSIONS,
)

_ELEMENT = re.compile(r'"([^"\\]*(?:\\.[^"\\]*)*)"|[^,]+', re.DOTALL)
_ITEM = re.compile(r'\{(\d+),([^"{}]*(?:"[^"\\]*(?:\\.[^"\\]*)*"[^"{}]*)*)\}', re.DOTALL)
_ESCAPED = re.compile(r"\\(.)", re.DOTALL)


def read(execute: Execute, *, ignore: Collection[str] = ()) -> Fingerprint:
    """Read the catalog of the database that `execute` runs one SQL text on and returns rows from.

    One statement, which leaves the session as it was; the first one on a connection takes twice as
    long as the next. It waits for whoever holds an exclusive lock on a view's tables. `ignore`
    names tables, qualified and quoted as PostgreSQL does it, that are left out with all that
    belongs to them.
    """
    return _Reading(execute(_sql(None)), ignore).fingerprint


class Reader:
    """Reads the catalog of one database again and again, asking only whether there is more than it knows of.

    Most databases have no text search configuration, and so on. What has never been there is not read, but
    the same statement looks whether it is there now; if so, all is read anew. What comes of it is what
    `read` makes. In a `settled` session the statement SETTLE has run.
    """

    def __init__(self, *, settled: bool = False) -> None:
        self._settled = settled
        self._wanted = frozenset(number for number, part in enumerate(_PARTS) if part in _USUAL)

    def read(self, execute: Execute, *, ignore: Collection[str] = ()) -> Fingerprint:
        """Read it as the function `read` does."""
        while True:
            reading = _Reading(execute(_sql(self._wanted, settled=self._settled)), ignore)
            if not reading.more:
                return reading.fingerprint
            self._wanted |= reading.more


@functools.cache
def _sql(wanted: frozenset[int] | None, *, settled: bool = False) -> str:
    return statement(_PARTS, wanted, settled=settled)


class _Reading:
    """The objects of the rows, and what names those that hang on them."""

    def __init__(self, rows: Iterable[Sequence[Any]], ignore: Collection[str]) -> None:
        self.more: frozenset[int] = frozenset()
        self._objects: dict[str, Properties] = {}
        self._members: set[tuple[str, int]] = set()
        self._comments: dict[tuple[str, int], dict[int, str]] = {}
        self._ignore, self._major = ignore, 0
        self._names: dict[str, dict[int, str]] = {part.catalog: {} for part in _PARTS}
        for number, oid, sub, parent, name, text in rows:
            if number is None:
                continue
            if number >= 0:
                self._take(number, oid, sub, parent, name, text)
            elif number == COMMENT:
                self._comments.setdefault((name, oid), {})[sub] = text
            elif number == MEMBER:
                self._members.add((name, oid))
            elif number == MORE and text:
                self.more = frozenset(map(int, text.split()))
            elif number == VERSION:
                self._major = oid // 10000

    @property
    def fingerprint(self) -> Fingerprint:
        return Fingerprint(major=self._major, objects=self._objects)

    def _take(self, number: int, oid: int, sub: int, parent: int, name: str, text: str) -> None:
        """Take an object, unless an extension or something that is left out has it."""
        part = _PARTS[number]
        if (part.catalog, oid) in self._members:
            return
        if part.items:
            self._take_items(part, oid, self._names[part.parent_in].get(parent), number, text)
            return
        kind, found = _parsed(number, text)
        if part.parent_in:
            parent_name = self._names[part.parent_in].get(parent)
            if parent_name is None:
                return
            if not part.qualified:
                name = f"{parent_name}.{name}"
            if part.parent_as:
                found = {part.parent_as: parent_name, **found}
        self._names[part.catalog][oid] = name
        comments = self._comments.get((part.catalog, oid))
        if comments is not None and sub in comments:
            found = {**found, "comment": comments[sub]}
        for table in self._ignore:
            if _belongs(kind, name, found, table):
                return
        self._objects[f"{kind} {name}"] = found

    def _take_items(
        self, part: Part, oid: int, parent: str | None, number: int, text: str | None
    ) -> None:
        """Take the objects of one parent, unless that is left out or has none."""
        if parent is None or parent in self._ignore or text is None:
            return
        keys, objects = _items(number, parent, text)
        self._objects.update(objects)
        for sub, comment in self._comments.get((part.catalog, oid), {}).items():
            if sub in keys:
                self._objects[keys[sub]] = {**objects[keys[sub]], "comment": comment}


def _belongs(kind: str, name: str, properties: Properties, table: str) -> bool:
    if kind in OF_TABLE:
        return name.startswith(f"{table}.")
    owned = str(properties.get("owned by", ""))
    return name == table or properties.get("table") == table or owned.startswith(f"{table}.")


@functools.lru_cache(maxsize=20_000)
def _parsed(number: int, text: str) -> tuple[str, Properties]:
    """Return the kind and the properties of an object from the values that a part reads.

    Most are the same at every read, and those of many columns are the same.
    """
    kind, *values = _array(text[1:-1])
    assert kind is not None, text
    return kind, _properties(number, values)


@functools.lru_cache(maxsize=5_000)
def _items(number: int, parent: str, text: str) -> tuple[dict[int, str], dict[str, Properties]]:
    """Return the keys of the objects in one row by their numbers, and the properties by key."""
    keys, objects = {}, {}
    for sub, item in _ITEM.findall(text):
        kind, name, found = _item(number, item)
        keys[int(sub)] = key = f"{kind} {parent}.{name}"
        objects[key] = found
    return keys, objects


@functools.lru_cache(maxsize=20_000)
def _item(number: int, text: str) -> tuple[str, str, Properties]:
    """Return the kind, the name and the properties of one of the objects in a row."""
    name, kind, *values = _array(text)
    assert name is not None, text
    assert kind is not None, text
    return kind, name, _properties(number, values)


def _properties(number: int, values: Sequence[str | None]) -> Properties:
    names, converted = _FIELDS[number]
    found: dict[str, Any] = {
        name: value for name, value in zip(names, values, strict=True) if value is not None
    }
    for name, convert in converted:
        if name in found:
            found[name] = convert(found[name])
            if not found[name]:
                del found[name]
    return found


def _array(text: str) -> list[str | None]:
    """Return the elements of a text[] as PostgreSQL writes them between its braces."""
    found: list[str | None] = []
    for match in _ELEMENT.finditer(text):
        if match[1] is not None:
            found.append(_ESCAPED.sub(r"\1", match[1]))
        else:
            found.append(None if match[0] == "NULL" else match[0])
    return found


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
