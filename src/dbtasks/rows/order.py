"""Parents before children, and what to do with cycles."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dbtasks.rows.tables import Table


def ordered(tables: Sequence[Table]) -> list[tuple[Table, ...]]:
    """Return the tables, parents first; those that need each other at once are together.

    A foreign key that may be NULL does not hold its table back when it closes a cycle.
    """
    left = {table.oid: table for table in tables}
    every = {table.oid: _parents(table, required=False) for table in tables}
    required = {table.oid: _parents(table, required=True) for table in tables}
    found: list[tuple[Table, ...]] = []
    while left:
        ready = [oid for oid in left if not every[oid] & left.keys()]
        if not ready:
            ready = [oid for oid in left if not required[oid] & left.keys()][:1]
        if ready:
            found += [(left.pop(oid),) for oid in ready]
            continue
        circle = _circle(required, set(left))
        found.append(tuple(left.pop(oid) for oid in circle))
    return found


def _parents(table: Table, *, required: bool) -> set[int]:
    return {
        reference.parent
        for reference in table.references
        if reference.parent != table.oid
        and not (
            required
            and any(
                number in table.columns and table.columns[number].nullable
                for number in reference.columns
            )
        )
    }


def _circle(required: dict[int, set[int]], left: set[int]) -> list[int]:
    """Return tables that require each other in a ring, children first."""
    path = [min(left)]
    while True:
        parent = min(required[path[-1]] & left)
        if parent in path:
            return path[path.index(parent) :]
        path.append(parent)
