"""The enums of the models against those of the database, compared while Alembic compares the rest."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, NamedTuple

import sqlalchemy
from alembic.operations import ops
from alembic.util import DispatchPriority, PriorityDispatchResult, sqla_compat
from sqlalchemy import Column, Table
from sqlalchemy.dialects import postgresql

from dbtasks.drift.enum_catalog import StoredEnum, read_enums
from dbtasks.drift.enum_change import ChangeEnumOp, CreateEnumOp, EnumColumn, EnumType, with_added

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from alembic.autogenerate.api import AutogenContext
    from alembic.runtime.plugins import Plugin
    from sqlalchemy import Dialect
    from sqlalchemy.types import TypeEngine


class Declared(NamedTuple):
    """An enum of the models: where it is, and its values."""

    schema: str | None
    name: str
    values: tuple[str, ...]


class _ExistingEnum(postgresql.ENUM):
    """An enum that says in revisions that it is not to be created, as SQLAlchemy 2.0 does not."""

    # Alembic writes `postgresql.` before the types of this module.
    __module__ = postgresql.ENUM.__module__

    def __repr__(self) -> str:
        arguments = super().__repr__().partition("(")[2].removesuffix(")")
        told = "" if "create_type=" in arguments else ", create_type=False"
        return f"ENUM({arguments}{told})"


def setup(plugin: Plugin) -> None:
    """Add the comparison to Alembic's, after tables and columns were compared."""
    plugin.add_autogenerate_comparator(
        compare_enums,
        "autogenerate",
        "dbtasks.drift.enums",
        qualifier="postgresql",
        priority=DispatchPriority.LAST,
    )


def compare_enums(context: AutogenContext, upgrade: ops.UpgradeOps) -> PriorityDispatchResult:
    """Add to `upgrade` what makes the enums of the database those of the models.

    Values are added before everything else in the revision, so that a new server default may be one
    of them, and removed after everything else, so that an old server default may have been one.
    """
    assert context.connection is not None
    stored = read_enums(context.connection)
    added: list[ops.MigrateOperation] = []
    created: list[ops.MigrateOperation] = []
    removed: list[ops.MigrateOperation] = []
    for one in _declared(context):
        found = stored.get((one.schema, one.name))
        if found is None:
            created.append(CreateEnumOp(_sql_name(context.dialect, one), one.values))
        elif found.values != one.values:
            union = with_added(found.values, one.values)
            if union != found.values:
                added.append(ChangeEnumOp(found.type, found.values, union))
            if union != one.values:
                after = _after(context.dialect, found, upgrade)
                removed.append(ChangeEnumOp(after, union, one.values))
    _create_no_types(context.dialect, upgrade)
    # Added values come first of all: they commit what the revision did before.
    upgrade.ops[:] = [*added, *created, *upgrade.ops, *removed]
    return PriorityDispatchResult.CONTINUE


def enum_in(type_: TypeEngine[Any], dialect: Dialect) -> tuple[postgresql.ENUM, bool] | None:
    """Return the native enum that a column's type is or is an array of, and whether it is an array."""
    found: Any = type_.dialect_impl(dialect)
    if isinstance(found, sqlalchemy.types.TypeDecorator):
        found = found.impl_instance.dialect_impl(dialect)
    if isinstance(found, sqlalchemy.ARRAY):
        inner = enum_in(found.item_type, dialect)
        return None if inner is None else (inner[0], True)
    return (found, False) if isinstance(found, postgresql.ENUM) else None


def _declared(context: AutogenContext) -> Iterator[Declared]:
    seen = set()
    for table in context.sorted_tables:
        if not context.run_object_filters(table, table.name, "table", False, None):
            continue
        for column in table.columns:
            found = enum_in(column.type, context.dialect)
            if found is None or found[0].name is None:
                continue
            enum = found[0]
            if (enum.schema, enum.name) not in seen:
                seen.add((enum.schema, enum.name))
                yield Declared(enum.schema, str(enum.name), tuple(enum.enums))


def _sql_name(dialect: Dialect, one: Declared) -> str:
    preparer = dialect.identifier_preparer
    name = preparer.quote(one.name)
    return f"{preparer.quote(one.schema)}.{name}" if one.schema else name


def _create_no_types(dialect: Dialect, upgrade: ops.UpgradeOps) -> None:
    """Let `op.create_table` leave enums alone, here and on the way back.

    It would create a type that is there already, which fails, and `op.drop_table` never drops one.
    """
    for operation in _leaves(upgrade):
        if isinstance(operation, ops.CreateTableOp):
            operation.columns = [_without_type(dialect, one) for one in operation.columns]
        elif isinstance(operation, ops.DropTableOp) and operation._reverse is not None:  # noqa: SLF001
            again = operation._reverse  # noqa: SLF001
            again.columns = [_without_type(dialect, one) for one in again.columns]


def _without_type(dialect: Dialect, item: Any) -> Any:
    found = enum_in(item.type, dialect) if isinstance(item, Column) else None
    if found is None or found[0].name is None:
        return item
    enum: Any = _ExistingEnum(
        *found[0].enums, name=found[0].name, schema=found[0].schema, create_type=False
    )
    copied: Any = sqla_compat._copy(item)  # noqa: SLF001  the models keep theirs
    copied.type = sqlalchemy.ARRAY(enum) if found[1] else enum
    return copied


def _after(dialect: Dialect, found: StoredEnum, upgrade: ops.UpgradeOps) -> EnumType:
    """Return the type with the columns, defaults and dependents that it has once `upgrade` ran."""
    columns = {_key(one.table, one.column): one for one in found.type.columns}
    gone: set[str] = set()
    for operation in _leaves(upgrade):
        match operation:
            case ops.DropTableOp():
                table = _table(dialect, operation)
                for key in [key for key in columns if key[0] == _key(table, "")[0]]:
                    del columns[key]
                gone |= {one.name for one in found.type.dependents if one.table == table}
            case ops.DropColumnOp():
                columns.pop(_key(_table(dialect, operation), operation.column_name), None)
            case ops.DropIndexOp() | ops.DropConstraintOp():
                name = getattr(operation, "index_name", None) or operation.constraint_name  # type: ignore[union-attr]
                gone.add(str(name))
            case ops.AddColumnOp():
                _put(columns, dialect, operation, operation.column, found)
            case ops.CreateTableOp():
                for column in operation.columns:
                    if isinstance(column, Column):
                        _put(columns, dialect, operation, column, found)
            case ops.AlterColumnOp():
                _alter(columns, dialect, operation, found)
    dependents = tuple(one for one in found.type.dependents if one.name not in gone)
    return replace(found.type, columns=tuple(columns.values()), dependents=dependents)


_Columns = dict[tuple[str, str], EnumColumn]


def _put(
    columns: _Columns, dialect: Dialect, operation: Any, column: Column[Any], found: StoredEnum
) -> None:
    is_enum = enum_in(column.type, dialect)
    if is_enum is None or (is_enum[0].schema, is_enum[0].name) not in found.names:
        return
    table = _table(dialect, operation)
    columns[_key(table, column.name)] = EnumColumn(
        table=table,
        column=dialect.identifier_preparer.quote(column.name),
        array=is_enum[1],
        default=_default(dialect, column),
    )


def _alter(
    columns: _Columns, dialect: Dialect, operation: ops.AlterColumnOp, found: StoredEnum
) -> None:
    key = _key(_table(dialect, operation), operation.column_name)
    default: Any = operation.modify_server_default
    if operation.modify_type is not None:
        columns.pop(key, None)
        kept = operation.existing_server_default if default is False else default
        column: Column[Any] = Column(
            operation.column_name, operation.modify_type, server_default=kept or None
        )
        _put(columns, dialect, operation, column, found)
    elif default is not False and key in columns:
        column = Column(operation.column_name, sqlalchemy.Text, server_default=default or None)
        columns[key] = replace(columns[key], default=_default(dialect, column))


def _default(dialect: Dialect, column: Column[Any]) -> str | None:
    """Return a column's server default as SQL."""
    compiler: Any = dialect.ddl_compiler(dialect, None)  # type: ignore[arg-type]
    return compiler.get_column_default_string(column)  # type: ignore[no-any-return]


def _key(table: str, column: str) -> tuple[str, str]:
    """Return names to compare: PostgreSQL and SQLAlchemy do not quote the same ones."""
    return table.replace('"', ""), column.replace('"', "")


def _table(dialect: Dialect, operation: Any) -> str:
    return dialect.identifier_preparer.format_table(
        Table(operation.table_name, sqlalchemy.MetaData(), schema=operation.schema)
    )


def _leaves(container: ops.OpContainer) -> Iterable[ops.MigrateOperation]:
    for operation in container.ops:
        if isinstance(operation, ops.OpContainer):
            yield from _leaves(operation)
        else:
            yield operation
