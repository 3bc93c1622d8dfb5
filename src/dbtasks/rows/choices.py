"""What may stand in a column of one row: a list of choices, from awkward to plain."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

from dbtasks.rows.awkward import length, values
from dbtasks.rows.checks import breaks, mined, readable, tight

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from dbtasks.rows.tables import Column, Reference, Table, Type

_SERVER_TRIES = 12
_PARENT_TRIES = 3


@dataclass(frozen=True)
class Text:
    """A literal."""

    text: str


@dataclass(frozen=True)
class Null:
    """NULL, in every column of the slot that takes it."""


@dataclass(frozen=True)
class Default:
    """What the server puts there by itself; `attempt` tells equal choices apart."""

    attempt: int = 0


@dataclass(frozen=True)
class Parent:
    """The key of a parent's row: the `position`-th, or the last one if there are fewer."""

    position: int


@dataclass(frozen=True)
class Itself:
    """The key of the very row."""


Choice = Text | Null | Default | Parent | Itself


@dataclass(frozen=True, kw_only=True)
class Slot:
    """Columns that are chosen together: one column, or what a foreign key adds to those before."""

    columns: tuple[int, ...]
    reference: Reference | None
    choices: tuple[Choice, ...]


class Chooser:
    """Choices for the columns of tables; equal columns share what was found for the first one."""

    def __init__(self, *, ascii_only: bool) -> None:
        self._ascii_only = ascii_only
        self._known: dict[tuple[object, ...], tuple[Choice, ...]] = {}

    def slots(self, table: Table, row: int) -> tuple[Slot, ...]:
        """Return the slots of the row of this number: foreign keys first, the widest before others.

        Every third row starts as NULL where that is allowed, the one after it with the defaults.
        """
        return tuple(self._slots(table, row))

    def _slots(self, table: Table, row: int) -> Iterator[Slot]:
        taken: set[int] = set()
        for reference in table.references:
            free = tuple(
                number
                for number in reference.columns
                if number not in taken and number in table.columns
            )
            if free:
                taken |= set(free)
                choices = tuple(_reference(table, reference, free, row))
                yield Slot(columns=free, reference=reference, choices=choices)
        for column in table.columns.values():
            if column.number not in taken:
                choices = self._column(table, column, row)
                yield Slot(columns=(column.number,), reference=None, choices=choices)

    def _column(self, table: Table, column: Column, row: int) -> tuple[Choice, ...]:
        traits = _traits(table, column)
        key = (column.type, column.modifier, row, _shift(table, column, row), traits)
        found = self._known.get(key)
        if found is None:
            texts = dict.fromkeys(_texts(table, column, row, traits))
            fitting = [one for one in texts if not self._ascii_only or one.isascii()]
            found = tuple(_choices(fitting, row, traits)) or (Null(),)
            self._known[key] = found
        return found


@dataclass(frozen=True, kw_only=True)
class _Traits:
    """What decides a column's choices beside its type."""

    numbered: bool
    nullable: bool
    default: bool
    primary: bool
    shared: bool
    unique: bool
    definitions: tuple[str, ...]


def _traits(table: Table, column: Column) -> _Traits:
    checks = [one for one in table.checks if column.number in one.columns]
    definitions = [one.definition for one in checks]
    definitions += [
        check for one in table.chain(column.type) if one.kind == "d" for check in one.checks
    ]
    if column.number in table.partitioned_by:
        definitions += table.bounds
    return _Traits(
        numbered=column.numbered,
        nullable=column.nullable,
        default=column.default,
        primary=column.number in table.primary,
        shared=any(len(one.columns) > 1 for one in checks),
        unique=any(one.columns == {column.number} for one in table.keys),
        definitions=tuple(definitions),
    )


def _reference(
    table: Table, reference: Reference, free: tuple[int, ...], row: int
) -> Iterator[Choice]:
    open_ = [number for number in free if table.columns[number].nullable]
    nullable = len(open_) == len(reference.columns) if reference.full else bool(open_)
    if nullable and row % 3 == 1:
        yield Null()
    yield Parent(row)
    for position in range(_PARENT_TRIES):
        if position != row:
            yield Parent(position)
    if reference.parent == table.oid:
        yield Itself()
    if nullable and row % 3 != 1:
        yield Null()
    if any(table.columns[number].default for number in free):
        yield Default()


def _choices(texts: list[str], row: int, traits: _Traits) -> Iterator[Choice]:
    if traits.numbered:
        yield from (Default(attempt) for attempt in range(_SERVER_TRIES))
        return
    if traits.nullable and row % 3 == 1:
        yield Null()
    if traits.default and row % 3 == 2:
        yield Default()
    yield from (Text(one) for one in texts[:1])
    if traits.nullable and traits.shared and row % 3 != 1:
        yield Null()  # early, for CHECKs such as num_nonnulls(a, b) = 1
    yield from (Text(one) for one in texts[1:])
    if traits.nullable and not traits.shared and row % 3 != 1:
        yield Null()
    if traits.default and row % 3 != 2:
        yield Default()


def _texts(table: Table, column: Column, row: int, traits: _Traits) -> list[str]:
    """Return the literals: awkward ones, what CHECKs speak of as soon as it is useful, plain ones."""
    found = values(column.type, column.modifier, table.types, row)
    base = next(one for one in table.chain(column.type) if one.kind != "d")
    asked = _asked(traits.definitions, base, length(base.name, _modifier(table, column)))
    few = traits.unique or len(found.awkward) < 2
    awkward = [*found.awkward, *(found.plain[:1] if few else ())]
    if traits.primary and base.category == "N" and len(awkward) > 1:
        # Not the greatest key: a migration that starts a sequence behind it must be able to.
        awkward.pop(1)
    turn = _shift(table, column, row)
    if traits.unique and row >= len(awkward):  # those before have them all
        return [*asked, *found.plain, *awkward]
    words = base.category == "S" and any(asked)
    if words or any(tight(one) for one in traits.definitions):
        return [*_turned(asked, _turn(row)), *found.plain, *_turned(awkward, turn)]
    if base.category != "N":
        awkward = _turned(awkward, turn)
        return [*awkward[:2], *_turned(asked, _turn(row)), *awkward[2:], *found.plain]
    numbers = list(dict.fromkeys([*awkward[:2], *asked, *awkward[2:]]))
    wrong = {one for one in numbers for check in traits.definitions if breaks(check, one)}
    fitting = [one for one in numbers if one not in wrong]
    return [*_turned(fitting, turn), *found.plain, *(one for one in numbers if one in wrong)]


def _modifier(table: Table, column: Column) -> int:
    """Return the modifier of a column's type, or of what its domain is made of."""
    modifiers = [one.modifier for one in table.chain(column.type) if one.kind == "d"]
    return next((one for one in modifiers if one >= 0), column.modifier)


def _asked(definitions: Sequence[str], base: Type, limit: int | None) -> list[str]:
    """Return what the definitions speak of and the type can read; for JSON, objects of it."""
    found = dict.fromkeys(one for text in definitions for one in mined(text, base.category))
    if "json" in base.name:
        return [json.dumps({one: one for one in found}), json.dumps(found)] if found else []
    return [
        one
        for one in found
        if readable(base.name, base.category, one) and (limit is None or len(one) <= limit)
    ]


def _shift(table: Table, column: Column, row: int) -> int:
    """Return where a row starts in the awkward values.

    The third row gets the text of the first where nothing forbids it and the second has another.
    """
    first = column.number if table.types[column.type].category == "S" else 0
    if any(key.columns == {column.number} for key in table.keys):
        return first + row
    turn = _turn(row)
    unique = any(column.number in key.columns for key in table.keys)
    if first and not (unique or column.nullable or column.default) and row % 3 == 2:
        turn -= 1
    return first + turn


def _turn(row: int) -> int:
    """Return a place for each row; the third comes after the first, as the second may be NULL."""
    return row // 3 * 3 + (0, 2, 1)[row % 3]


def _turned(texts: list[str], by: int) -> list[str]:
    by = by % len(texts) if texts else 0
    return texts[by:] + texts[:by]
