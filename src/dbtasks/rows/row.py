"""One row on its way into a table: what is tried, and what is tried after a refusal."""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from typing import TYPE_CHECKING

from psycopg import sql

from dbtasks.rows.choices import Default, Itself, Null, Parent, Text

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from dbtasks.rows.choices import Choice, Chooser, Slot
    from dbtasks.rows.tables import Reference, Table

_ATTEMPTS = 250
_COMBINATIONS = 512
_NULL = sql.SQL("NULL")


@dataclass(frozen=True, kw_only=True)
class Refusal:
    """The server's reason not to take a row, with the names that it told."""

    message: str
    constraint: str = ""
    column: str = ""
    type: str = ""


class Row:
    """The row of this number of a table; rows are numbered from 0, those of before included."""

    def __init__(self, table: Table, number: int, chooser: Chooser) -> None:
        self.table, self.number = table, number
        self.refusal: Refusal | None = None
        self._slots = chooser.slots(table, number)
        self._at = (0,) * len(self._slots)
        self._walks: dict[tuple[int, ...], Iterator[tuple[int, ...]]] = {}
        self._lockstep = self._all()
        self._left = _ATTEMPTS
        # Choices refused for what they are, whatever stands in the other columns.
        self._wrong: set[tuple[int, int]] = set()

    def statement(self, given: Mapping[int, sql.Composable]) -> sql.Composed:
        """Return the INSERT of the current choices; `given` decides columns before they do."""
        found: dict[int, sql.Composable] = dict(given)
        for slot, at in zip(self._slots, self._at, strict=True):
            self._put(slot, slot.choices[at], found)
        names = [sql.Identifier(self.table.columns[number].name) for number in found]
        taken: sql.Composable = sql.SQL("DEFAULT VALUES")
        if names:
            taken = sql.SQL("({}) OVERRIDING SYSTEM VALUE VALUES ({})").format(
                sql.SQL(", ").join(names), sql.SQL(", ").join(found.values())
            )
        statement = sql.SQL("INSERT INTO {} {}").format(self.table.name, taken)
        if not self.table.virtual:
            return statement
        read = sql.SQL(", ").join(map(sql.Identifier, self.table.virtual))
        return statement + sql.SQL(" RETURNING {}").format(read)

    def literal(self, number: int) -> sql.Composable | None:
        """Return the literal that the column of this number gets or may get, none if it has none."""
        for slot, at in zip(self._slots, self._at, strict=True):
            if slot.columns == (number,):
                texts = (one for one in slot.choices[at:] if isinstance(one, Text))
                return next((sql.Literal(one.text) for one in texts), None)
        return None

    def advance(self, refusal: Refusal) -> bool:
        """Choose anew what the refusal is about, else everything milder; False when all was tried."""
        self.refusal = refusal
        self._left -= 1
        if self._left <= 0:
            return False
        blamed = self.table.blamed(
            refusal.constraint, refusal.column, refusal.type, refusal.message
        )
        places = tuple(
            place
            for place, slot in enumerate(self._slots)
            if blamed & {*slot.columns, *(slot.reference.columns if slot.reference else ())}
            and len(slot.choices) > 1
        )
        if len(places) == 1 and self._slots[places[0]].reference is None:
            self._wrong.add((places[0], self._at[places[0]]))
        walk = self._walks.setdefault(places, _walk([self._lengths()[at] for at in places]))
        for combination in walk:
            chosen = dict(zip(places, combination, strict=True))
            at = tuple(chosen.get(place, old) for place, old in enumerate(self._at))
            if at != self._at and not self._wrong & set(enumerate(at)):
                self._at = at
                return True
        self._walks.clear()
        following = next(self._lockstep, None)
        if following is None:
            return False
        self._at = tuple(self._right(place, at) for place, at in enumerate(following))
        return True

    def _right(self, place: int, at: int) -> int:
        """Return this choice of a slot, or the next one that is not known to be wrong."""
        length = len(self._slots[place].choices)
        every = ((at + step) % length for step in range(length))
        return next((one for one in every if (place, one) not in self._wrong), at)

    def _lengths(self) -> list[int]:
        return [len(slot.choices) for slot in self._slots]

    def _all(self) -> Iterator[tuple[int, ...]]:
        for step in range(1, max(self._lengths(), default=0)):
            yield tuple(min(step, length - 1) for length in self._lengths())

    def _put(self, slot: Slot, choice: Choice, found: dict[int, sql.Composable]) -> None:
        free = [number for number in slot.columns if number not in found]
        if not free or isinstance(choice, Default):
            return
        if isinstance(choice, Text):
            found[free[0]] = sql.Literal(choice.text)
        elif isinstance(choice, Null):
            found.update((one, _NULL) for one in free if self.table.columns[one].nullable)
        elif slot.reference is not None and isinstance(choice, Parent):
            keys = self._parent(slot.reference, choice.position, found, free)
            found.update(keys)
        elif slot.reference is not None and isinstance(choice, Itself):
            self._itself(slot.reference, found, free)

    def _parent(
        self,
        reference: Reference,
        position: int,
        found: Mapping[int, sql.Composable],
        free: list[int],
    ) -> dict[int, sql.Composable]:
        """Return the columns' subqueries, which all find the same row of the parent.

        The row agrees with what earlier foreign keys decided of a shared column. Where each parent
        may be used once only, those that nobody refers to come first.
        """
        pairs = list(zip(reference.columns, reference.parent_columns, strict=True))
        conditions: list[sql.Composable] = [
            sql.SQL("p.{} IS NOT NULL").format(sql.Identifier(name)) for _, (_, name) in pairs
        ]
        conditions += [
            sql.SQL("p.{} = {}").format(sql.Identifier(name), found[number])
            for number, (_, name) in pairs
            if number in found
        ]
        order: sql.Composable = sql.SQL("p.tableoid, p.ctid")
        if any(key.columns <= set(reference.columns) for key in self.table.keys):
            used = [
                sql.SQL("c.{} = p.{}").format(
                    sql.Identifier(self.table.columns[number].name), sql.Identifier(name)
                )
                for number, (_, name) in pairs
                if number in self.table.columns
            ]
            order = sql.SQL("EXISTS (SELECT FROM {} c WHERE {}), {}").format(
                self.table.name, sql.SQL(" AND ").join(used), order
            )
            position = 0
        where = sql.SQL(" AND ").join(conditions)
        return {
            number: sql.SQL(
                "(SELECT q.key FROM (SELECT p.{} AS key, row_number() OVER (ORDER BY {}) AS place"
                " FROM {} p WHERE {}) q WHERE q.place <= {} ORDER BY q.place DESC LIMIT 1)"
            ).format(
                sql.Identifier(name), order, reference.parent_name, where, sql.Literal(position + 1)
            )
            for number, (_, name) in pairs
            if number in free
        }

    def _itself(
        self, reference: Reference, found: dict[int, sql.Composable], free: list[int]
    ) -> None:
        for number, (parent, _) in zip(reference.columns, reference.parent_columns, strict=True):
            own = found.get(parent) or self.literal(parent)
            taken, again = (
                own_number(self.table, parent),
                own_number(self.table, parent, again=True),
            )
            if number in free and own is not None:
                found[number] = found[parent] = own
            elif number in free and taken is not None and again is not None:
                # Columns are evaluated in the order of the table.
                found[min(number, parent)], found[max(number, parent)] = taken, again


def own_number(table: Table, column: int, *, again: bool = False) -> sql.Composable | None:
    """Return the next number of a column's sequence, or the one just taken; none if it has none."""
    if not table.columns[column].numbered:
        return None
    return sql.SQL("{}(pg_get_serial_sequence({}, {}))").format(
        sql.SQL("currval" if again else "nextval"),
        sql.Literal(table.quoted),
        sql.Literal(table.columns[column].name),
    )


def _walk(lengths: list[int]) -> Iterator[tuple[int, ...]]:
    """Yield combinations, the nearest to the first one first."""
    if not 0 < len(lengths) < 10:
        return iter(())
    each = max(2, int(_COMBINATIONS ** (1 / len(lengths)))) if len(lengths) > 1 else lengths[0]
    ranges = [range(min(length, each)) for length in lengths]
    return iter(sorted(itertools.product(*ranges), key=lambda one: (sum(one), one)))
