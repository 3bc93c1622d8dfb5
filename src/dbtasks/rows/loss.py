"""What was there before a revision and is missing after it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dbtasks.rows.picture import ColumnPicture, Picture, TablePicture


@dataclass(frozen=True, kw_only=True)
class Loss:
    """A finding; `table` and `column` are named as they are afterwards.

    Codes: `rows-lost`, `values-lost` (they became NULL), `values-merged` (they became equal).
    """

    code: str
    table: str
    column: str | None
    message: str
    remedy: str


def losses(before: Picture, after: Picture) -> tuple[Loss, ...]:
    """Return what was lost in tables and columns that are still there.

    They are followed by OID and number, so through renames; where those are gone, by name. A table,
    partition or column that is dropped is no loss, nor are rows that moved between partitions.
    """
    names = {table.name: oid for oid, table in after.tables.items()}
    return tuple(
        loss
        for oid, table in before.tables.items()
        for found in [oid if oid in after.tables else names.get(table.name)]
        if found is not None and not _within(table, after.tables[found])
        for loss in _table(
            table, after.tables[found], _gone(oid, before, after), numbered=found == oid
        )
    )


def _within(table: TablePicture, now: TablePicture) -> bool:
    """Tell whether it was and is a partition of one table, which is judged as a whole."""
    return table.root is not None and table.root == now.root


def _gone(oid: int, before: Picture, after: Picture) -> list[TablePicture]:
    """Return the partitions, as they were, that were dropped or detached."""
    return [
        table
        for number, table in before.tables.items()
        if table.root == oid and (number not in after.tables or after.tables[number].root != oid)
    ]


def _table(
    was: TablePicture, now: TablePicture, gone: list[TablePicture], *, numbered: bool
) -> Iterator[Loss]:
    rows = was.rows - sum(table.rows for table in gone)
    name = now.name if now.name == was.name else f"{now.name} ({was.name} before)"
    fewer = max(rows - now.rows, 0)
    if fewer:
        yield Loss(
            code="rows-lost",
            table=now.name,
            column=None,
            message=f"table {name} has {_count(now.rows, 'row')}, {rows} before",
            remedy="have the revision keep the rows, or say in proof_exceptions.toml why they may go",
        )
    names = {column.name: column for column in now.columns.values()}
    for number, column in was.columns.items():
        left = (now.columns.get(number) if numbered else None) or names.get(column.name)
        if left is not None:
            yield from _column(now.name, name, column, left, gone, fewer)


def _column(
    table: str,
    title: str,
    was: ColumnPicture,
    now: ColumnPicture,
    gone: list[TablePicture],
    fewer: int,
) -> Iterator[Loss]:
    values = was.values - sum(
        column.values
        for partition in gone
        for column in partition.columns.values()
        if column.name == was.name
    )
    name = f"column {now.name} of table {title}"
    if now.name != was.name:
        name = f"column {now.name} ({was.name} before) of table {title}"
    if values - now.values > fewer:
        yield Loss(
            code="values-lost",
            table=table,
            column=now.name,
            message=f"{name} has {_count(now.values, 'value')}, {values} before",
            remedy="have the revision carry the values over, or say in proof_exceptions.toml why they may go",
        )
    elif not fewer and not gone and now.distinct < was.distinct:
        yield Loss(
            code="values-merged",
            table=table,
            column=now.name,
            message=f"{name} has {_count(now.distinct, 'distinct value')}, {was.distinct} before",
            remedy="have the revision keep different values apart, or say in proof_exceptions.toml why they may become equal",
        )


def _count(number: int, what: str) -> str:
    return f"{number} {what}" if number == 1 else f"{number} {what}s"
