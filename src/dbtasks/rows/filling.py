"""Every table filled with awkward rows, as far as it has fewer than asked."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from dbtasks.rows.batch import insert
from dbtasks.rows.choices import Chooser
from dbtasks.rows.order import ordered
from dbtasks.rows.row import Row, own_number
from dbtasks.rows.tables import describe, missing_rows

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, MutableMapping, Sequence

    import psycopg
    from psycopg import sql

    from dbtasks.rows.row import Refusal
    from dbtasks.rows.tables import Table


@dataclass(frozen=True, kw_only=True)
class Filled:
    """A table that had too few rows: how many it had, how many it got.

    `refused` is the server's last reason when it did not take all that were meant for it.
    """

    table: str
    present: int
    inserted: int
    refused: str | None

    @property
    def empty(self) -> bool:
        """Whether it is still without any row."""
        return self.present + self.inserted == 0


def fill(
    connection: psycopg.Connection,
    *,
    ignore: Collection[str] = (),
    rows: int = 3,
    refused: MutableMapping[int, str] | None = None,
) -> tuple[Filled, ...]:
    """Insert awkward rows into every table that has fewer than `rows`; return those tried, by age.

    `connection` is in autocommit mode. `ignore` holds qualified names, as PostgreSQL quotes them.
    `refused` is for calls before each of many revisions: what is written there keeps the next call
    from trying again what the same tables refused before, unless another table took a row. Tables
    that were not tried are not returned.

    Raises:
        psycopg.Error: the connection is lost, or the database has no PL/pgSQL.
    """
    present = missing_rows(connection, ignore, rows)
    if not present:
        return ()
    tables = describe(connection, present)
    known = {} if refused is None else refused
    hopeless = {
        table.oid
        for table in tables
        if table.oid in known and known[table.oid] == table.digest(present)
    }
    ascii_only = connection.info.encoding.lower() not in ("utf-8", "utf8")
    filling = Filling(connection, rows=rows, chooser=Chooser(ascii_only=ascii_only))
    filling.run([table for table in tables if table.oid not in hopeless])
    if filling.inserted and hopeless:
        filling.run([table for table in tables if table.oid in hopeless])
    now = {table.oid: table.present + filling.inserted[table.oid] for table in tables}
    _remember(known, tables, now, rows)
    return tuple(
        Filled(
            table=table.quoted,
            present=table.present,
            inserted=filling.inserted[table.oid],
            refused=filling.reasons.get(table.oid),
        )
        for table in tables
        if table.oid in filling.tried
    )


def _remember(
    known: MutableMapping[int, str], tables: Iterable[Table], now: Mapping[int, int], rows: int
) -> None:
    """Write down the tables that lack rows, so that they are not tried again as they are."""
    # How many rows there are is part of the digest, and next time they are those of now.
    lacking = {oid: count for oid, count in now.items() if count < rows}
    for table in tables:
        known.pop(table.oid, None)
        if table.oid in lacking:
            known[table.oid] = replace(table, present=now[table.oid]).digest(lacking)


class Filling:
    """Rows on their way into tables, and what came of them."""

    def __init__(self, connection: psycopg.Connection, *, rows: int, chooser: Chooser) -> None:
        self._connection, self._rows, self._chooser = connection, rows, chooser
        self.inserted: Counter[int] = Counter()
        self.reasons: dict[int, str] = {}
        self.tried: set[int] = set()

    def run(self, tables: Sequence[Table]) -> None:
        """Insert all rows, then again what was refused, until nothing is left to choose."""
        self.tried |= {table.oid for table in tables}
        waiting = self._units(tables)
        while waiting:
            texts = [self._statements(unit) for unit in waiting]
            refused = insert(self._connection, texts)
            for place, unit in enumerate(waiting):
                if place not in refused:
                    self.inserted.update(row.table.oid for row in unit)
            waiting = [
                unit
                for place, unit in enumerate(waiting)
                if place in refused and self._advance(unit, refused[place])
            ]

    def _units(self, tables: Sequence[Table]) -> list[tuple[Row, ...]]:
        """Return what goes in together: the first row of every table, then the second."""
        groups = ordered(tables)
        return [
            tuple(Row(table, number, self._chooser) for table in group if number >= table.present)
            for number in range(self._rows)
            for group in groups
            if any(number >= table.present for table in group)
        ]

    def _advance(self, unit: tuple[Row, ...], refusal: Refusal) -> bool:
        """Choose anew in all rows of the unit, because they promise keys to each other."""
        moved = [row.advance(refusal) for row in unit]
        if not any(moved):
            self.reasons.update((row.table.oid, refusal.message) for row in unit)
        return any(moved)

    def _statements(self, unit: tuple[Row, ...]) -> list[str]:
        """Return the INSERTs; a row that refers to a later one of its unit gets a key promised."""
        later = {row.table.oid: row for row in unit}
        promised: dict[int, dict[int, sql.Composable]] = {oid: {} for oid in later}
        texts = []
        for row in unit:
            given = promised[row.table.oid]
            del later[row.table.oid]
            for reference in row.table.references:
                parent = later.get(reference.parent)
                if parent is None or set(reference.columns) <= given.keys():
                    continue
                for number, (key, _) in zip(
                    reference.columns, reference.parent_columns, strict=True
                ):
                    value = own_number(parent.table, key) or parent.literal(key)
                    if value is None:
                        continue
                    again = own_number(parent.table, key, again=True) or value
                    kept = promised[parent.table.oid].setdefault(key, again)
                    given[number] = value if kept is again else kept
            texts.append(row.statement(given).as_bytes(self._connection).decode())
        return texts
