"""What the server says of the tables that are to be filled: columns, types, constraints."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from psycopg import sql

from dbtasks.rows.catalog_sql import DESCRIBED, MISSING

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping

    import psycopg

_PARTITION_MISSING = "no partition of relation"


@dataclass(frozen=True, kw_only=True)
class Type:
    """A row of pg_type; `kind` is its typtype, `checks` are a domain's, `attributes` a composite's.

    `base` is a domain's base type, an array's element, a range's subtype, a multirange's range.
    """

    name: str
    kind: str
    category: str
    delimiter: str
    base: int | None
    modifier: int
    not_null: bool
    labels: tuple[str, ...]
    attributes: tuple[tuple[int, int], ...]
    checks: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Column:
    """A column; `numbered` says that an identity or a sequence gives its value."""

    number: int
    name: str
    type: int
    modifier: int
    nullable: bool
    default: bool
    numbered: bool


@dataclass(frozen=True, kw_only=True)
class Constraint:
    """A CHECK with its definition, or a unique or exclusion index."""

    name: str
    columns: frozenset[int]
    definition: str


@dataclass(frozen=True, kw_only=True)
class Reference:
    """A foreign key; `columns` and `parent_columns` in its own order."""

    name: str
    columns: tuple[int, ...]
    parent: int
    parent_name: sql.Identifier
    parent_columns: tuple[tuple[int, str], ...]
    full: bool
    deferrable: bool


@dataclass(frozen=True, kw_only=True)
class Table:
    """A table that has too few rows; `quoted` is its qualified name as PostgreSQL quotes it.

    `virtual` columns are computed when they are read, and may fail only then.
    """

    oid: int
    quoted: str
    name: sql.Identifier
    present: int
    columns: Mapping[int, Column]
    virtual: tuple[str, ...]
    checks: tuple[Constraint, ...]
    keys: tuple[Constraint, ...]
    primary: frozenset[int]
    references: tuple[Reference, ...]
    partitioned_by: frozenset[int]
    bounds: tuple[str, ...]
    types: Mapping[int, Type] = field(repr=False)

    def chain(self, oid: int) -> Iterator[Type]:
        """Yield a type and what it is made of, domains and arrays down to their base."""
        known: int | None = oid
        while known is not None:
            yield self.types[known]
            known = self.types[known].base

    def digest(self, present: Mapping[int, int]) -> str:
        """Return a text that differs when the table does, its types, or its parents' `present` rows."""
        types = [list(self.chain(column.type)) for column in self.columns.values()]
        parents = [present.get(reference.parent) for reference in self.references]
        return hashlib.sha256(repr((self, types, parents)).encode()).hexdigest()

    def domain(self, oid: int) -> str:
        """Return the domain that the server names when a value of this type breaks a rule of it."""
        return next((one.name for one in self.chain(oid) if one.kind == "d"), "")

    def blamed(self, constraint: str, column: str, type_name: str, message: str) -> frozenset[int]:
        """Return the columns that a refusal is about; none when the server does not tell."""
        for known in (*self.checks, *self.keys):
            if constraint and known.name == constraint:
                return known.columns
        for reference in self.references:
            if constraint and reference.name == constraint:
                return frozenset(reference.columns)
        if message.startswith(_PARTITION_MISSING):
            return self.partitioned_by
        return frozenset(
            one.number
            for one in self.columns.values()
            if (column and one.name == column) or (type_name and self.domain(one.type) == type_name)
        )


def missing_rows(
    connection: psycopg.Connection, ignore: Collection[str], rows: int
) -> dict[int, int]:
    """Return how many rows each table has that has fewer than `rows`; one query."""
    with connection.transaction():
        connection.execute("SET LOCAL jit = off")
        found = connection.execute(MISSING, {"ignore": list(ignore), "rows": rows})
        return dict(found.fetchall())


def describe(connection: psycopg.Connection, present: Mapping[int, int]) -> list[Table]:
    """Return the tables of these OIDs, the oldest first; one query."""
    row = connection.execute(DESCRIBED, {"tables": list(present)}).fetchone()
    assert row is not None
    types = {one["oid"]: _type(one) for one in row[1] or ()}
    return [_table(one, types, present[one["oid"]]) for one in row[0] or ()]


def _type(found: dict[str, Any]) -> Type:
    return Type(
        name=found["name"],
        kind=found["kind"],
        category=found["category"],
        delimiter=found["delimiter"],
        base=found["base"],
        modifier=found["modifier"],
        not_null=found["not_null"],
        labels=tuple(found["labels"] or ()),
        attributes=tuple((one[0], one[1]) for one in found["attributes"] or ()),
        checks=tuple(found["checks"] or ()),
    )


def _table(found: dict[str, Any], types: Mapping[int, Type], present: int) -> Table:
    columns = {one["number"]: _column(one, types) for one in found["columns"] or ()}
    return Table(
        oid=found["oid"],
        quoted=found["quoted"],
        name=sql.Identifier(found["schema"], found["name"]),
        present=present,
        columns={
            number: column
            for number, column in columns.items()
            if number not in (found["generated"] or ())
        },
        virtual=tuple(found["virtual"] or ()),
        checks=tuple(_constraint(one, columns) for one in found["checks"] or ()),
        keys=tuple(_constraint(one, columns) for one in found["keys"] or ()),
        primary=frozenset(found["primary"] or ()),
        references=tuple(_reference(one) for one in found["references"] or ()),
        partitioned_by=frozenset(found["partitioned_by"] or ()),
        bounds=tuple(found["bounds"] or ()),
        types=types,
    )


def _column(found: dict[str, Any], types: Mapping[int, Type]) -> Column:
    default = found["default"]
    type_ = types[found["type"]]
    while type_.kind == "d" and not type_.not_null and type_.base is not None:
        type_ = types[type_.base]
    return Column(
        number=found["number"],
        name=found["name"],
        type=found["type"],
        modifier=found["modifier"],
        nullable=not found["not_null"] and not (type_.kind == "d" and type_.not_null),
        default=default is not None,
        numbered=bool(found["identity"]) or (default or "").startswith("nextval("),
    )


def _constraint(found: dict[str, Any], columns: Mapping[int, Column]) -> Constraint:
    """Return a constraint; an expression's columns are those whose names stand in it."""
    definition = found["definition"] or ""
    numbers = set(found["columns"] or ())
    if 0 in numbers:
        numbers |= {one.number for one in columns.values() if one.name in definition}
    return Constraint(name=found["name"], columns=frozenset(numbers - {0}), definition=definition)


def _reference(found: dict[str, Any]) -> Reference:
    return Reference(
        name=found["name"],
        columns=tuple(found["columns"]),
        parent=found["parent"],
        parent_name=sql.Identifier(found["parent_schema"], found["parent_name"]),
        parent_columns=tuple((one[0], one[1]) for one in found["parent_columns"]),
        full=found["full"],
        deferrable=found["deferrable"],
    )
