"""One change of the values of a PostgreSQL enum, as an operation of a revision.

Values that are added go in by `ALTER TYPE ... ADD VALUE`, outside the transaction, because a new value
cannot be used in the transaction that added it. Everything else makes the type anew. The revision
holds plain SQL: to run it takes neither dbtasks nor another package.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from alembic.autogenerate.render import renderers
from alembic.operations.ops import MigrateOperation

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from alembic.autogenerate.api import AutogenContext


@dataclass(frozen=True, kw_only=True)
class EnumColumn:
    """A column of the type; `table` and `column` as SQL, `default` as SQL or None."""

    table: str
    column: str
    array: bool = False
    default: str | None = None


@dataclass(frozen=True, kw_only=True)
class Dependent:
    """A constraint, index, view, trigger or policy: how to drop it and how to make it again.

    `table` is the one that it is of, as SQL; a view is its own.
    """

    name: str
    table: str
    drop: str
    create: tuple[str, ...]

    @property
    def in_models(self) -> bool:
        """Tell whether it is a constraint or an index: models have them, and revisions drop them."""
        return self.drop.startswith(("ALTER TABLE", "DROP INDEX"))


@dataclass(frozen=True, kw_only=True)
class EnumType:
    """An enum and what it takes to make it anew; it is called `old` meanwhile, without schema `old_name`.

    `dependents` are in the order in which they are dropped; `obstacles` are what people have to drop.
    """

    sql: str
    old: str
    old_name: str
    columns: tuple[EnumColumn, ...] = ()
    dependents: tuple[Dependent, ...] = ()
    obstacles: tuple[str, ...] = ()


def literal(value: str) -> str:
    """Return a string as SQL; a backslash means itself, as `standard_conforming_strings` has it."""
    return "'" + value.replace("'", "''") + "'"


def with_added(old: Sequence[str], new: Sequence[str]) -> tuple[str, ...]:
    """Return the old values with those of `new` that they lack, each behind the one it follows there."""
    values = list(old)
    for index, value in enumerate(new):
        if value not in values:
            values.insert(values.index(new[index - 1]) + 1 if index else 0, value)
    return tuple(values)


def additions(old: Sequence[str], new: Sequence[str]) -> list[tuple[str, str]] | None:
    """Return the values that turn `old` into `new`, each with its place; None if that takes more."""
    if with_added(old, new) != tuple(new):
        return None
    found = []
    for index, value in enumerate(new):
        if value in old:
            continue
        if index == 0:
            place = f" BEFORE {literal(old[0])}" if old else ""
        else:
            place = f" AFTER {literal(new[index - 1])}"
        found.append((value, "" if _ends(index, old, new) else place))
    return found


def _ends(index: int, old: Sequence[str], new: Sequence[str]) -> bool:
    """Tell whether everything from here on is new, so that it can be appended."""
    return not set(new[index:]) & set(old)


class ChangeEnumOp(MigrateOperation):
    """Change the values of an enum from `old` to `new`."""

    def __init__(self, enum: EnumType, old: Sequence[str], new: Sequence[str]) -> None:
        self.enum, self.old, self.new = enum, tuple(old), tuple(new)

    def reverse(self) -> ChangeEnumOp:
        """Return the change back."""
        return ChangeEnumOp(self.enum, self.new, self.old)

    def to_diff_tuple(self) -> tuple[Any, ...]:
        """Return what `alembic check` prints."""
        return (self.code, self.enum.sql, self.old, self.new)

    @property
    def code(self) -> str:
        """What kind of change it is."""
        if set(self.new) - set(self.old):
            return "add_enum_value"
        return "remove_enum_value" if set(self.old) - set(self.new) else "reorder_enum_values"

    @property
    def message(self) -> str:
        """The change as a sentence on what the models and the database have."""
        if self.code == "reorder_enum_values":
            return (
                f"enum {self.enum.sql} has its values in the order {', '.join(self.old)}"
                f" in the database and {', '.join(self.new)} in the models"
            )
        added = self.code == "add_enum_value"
        values = [one for one in self.new if one not in self.old]
        values = values or [one for one in self.old if one not in self.new]
        noun, verb = ("value", "is") if len(values) == 1 else ("values", "are")
        place = "models" if added else "database"
        return f"{noun} {', '.join(values)} of enum {self.enum.sql} {verb} in the {place} only"

    def rebuild(self) -> Iterator[str]:
        """Yield the statements that make the type anew."""
        enum = self.enum
        values = ", ".join(literal(value) for value in self.new)
        yield from (one.drop for one in enum.dependents)
        yield f"ALTER TYPE {enum.sql} RENAME TO {enum.old_name}"
        yield f"CREATE TYPE {enum.sql} AS ENUM ({values})"
        yield from (self._alter(column) for column in enum.columns)
        yield f"DROP TYPE {enum.old}"
        for one in reversed(enum.dependents):
            yield from one.create

    def _alter(self, column: EnumColumn) -> str:
        suffix = "[]" if column.array else ""
        alter = f"ALTER COLUMN {column.column}"
        retype = (
            f"{alter} TYPE {self.enum.sql}{suffix}"
            f" USING {column.column}::text{suffix}::{self.enum.sql}{suffix}"
        )
        if column.default is None:
            return f"ALTER TABLE {column.table} {retype}"
        return (
            f"ALTER TABLE {column.table} {alter} DROP DEFAULT, {retype},"
            f" {alter} SET DEFAULT {column.default}"
        )


class CreateEnumOp(MigrateOperation):
    """Create an enum type, which `op.add_column` does not do."""

    def __init__(self, sql: str, values: Sequence[str]) -> None:
        self.sql, self.values = sql, tuple(values)

    def reverse(self) -> DropEnumOp:
        """Return the operation that drops the type, which `op.drop_table` does not do."""
        return DropEnumOp(self.sql, self.values)

    def to_diff_tuple(self) -> tuple[Any, ...]:
        """Return what `alembic check` prints."""
        return (self.code, self.sql, self.values)

    code = "add_enum"

    @property
    def message(self) -> str:
        """The change as a sentence on what the models and the database have."""
        return f"enum {self.sql} is in the models only"


class DropEnumOp(MigrateOperation):
    """Drop an enum type that `CreateEnumOp` made."""

    def __init__(self, sql: str, values: Sequence[str]) -> None:
        self.sql, self.values = sql, tuple(values)

    def reverse(self) -> CreateEnumOp:
        """Return the operation that creates the type."""
        return CreateEnumOp(self.sql, self.values)


@renderers.dispatch_for(ChangeEnumOp)
def _render_change(context: AutogenContext, operation: ChangeEnumOp) -> list[str]:
    added = additions(operation.old, operation.new)
    if added is not None:
        lines = [
            _execute(
                context,
                f"ALTER TYPE {operation.enum.sql} ADD VALUE IF NOT EXISTS {literal(value)}{place}",
            )
            for value, place in added
        ]
        block = f"with {_prefix(context)}get_context().autocommit_block():"
        return ["\n    ".join([block, *lines])]
    gone = [value for value in operation.old if value not in operation.new]
    notes = [f"# fails while rows have {', '.join(map(repr, gone))}: change them first"] * bool(
        gone
    )
    if operation.enum.obstacles:
        hang = ", ".join(operation.enum.obstacles)
        notes.append(f"# drop before and create again afterwards, by hand: {hang}")
    return [*notes, *(_execute(context, statement) for statement in operation.rebuild())]


@renderers.dispatch_for(CreateEnumOp)
def _render_create(context: AutogenContext, operation: CreateEnumOp) -> str:
    values = ", ".join(literal(value) for value in operation.values)
    return _execute(context, f"CREATE TYPE {operation.sql} AS ENUM ({values})")


@renderers.dispatch_for(DropEnumOp)
def _render_drop(context: AutogenContext, operation: DropEnumOp) -> str:
    return _execute(context, f"DROP TYPE {operation.sql}")


def _execute(context: AutogenContext, statement: str) -> str:
    # op.execute() makes it a text(), where a colon before a name is a parameter unless escaped.
    escaped = re.sub(r"(?<![:\w\\]):(?=\w)", r"\\:", statement)
    return f"{_prefix(context)}execute({escaped!r})"


def _prefix(context: AutogenContext) -> str:
    return str(context.opts.get("alembic_module_prefix") or "")
