"""An enum of the database as it is once a revision ran: what hangs on it then."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import sqlalchemy
from alembic.operations import ops
from sqlalchemy import CheckConstraint, Column, Constraint, ForeignKeyConstraint, Index, Table
from sqlalchemy.dialects import postgresql
from sqlalchemy.dialects.postgresql import ExcludeConstraint
from sqlalchemy.schema import AddConstraint, CreateIndex, DropConstraint, DropIndex

from dbtasks.drift.definitions import is_special, made_index
from dbtasks.drift.enum_change import Dependent, EnumColumn, EnumType
from dbtasks.drift.replacement import ReplaceOp, leaves, sql_of

if TYPE_CHECKING:
    from collections.abc import Collection

    from sqlalchemy import Dialect
    from sqlalchemy.types import TypeEngine

    from dbtasks.drift.enum_catalog import StoredEnum


def enum_in(type_: TypeEngine[Any], dialect: Dialect) -> tuple[postgresql.ENUM, bool] | None:
    """Return the native enum that a column's type is or is an array of, and whether it is an array."""
    found: Any = type_.dialect_impl(dialect)
    if isinstance(found, sqlalchemy.types.TypeDecorator):
        found = found.impl_instance.dialect_impl(dialect)
    if isinstance(found, sqlalchemy.ARRAY):
        inner = enum_in(found.item_type, dialect)
        return None if inner is None else (inner[0], True)
    return (found, False) if isinstance(found, postgresql.ENUM) else None


def after(dialect: Dialect, found: StoredEnum, upgrade: ops.UpgradeOps) -> EnumType:
    """Return the type with the columns, defaults and dependents that it has once `upgrade` ran."""
    columns = {_key(one.table, one.column): one for one in found.type.columns}
    kept = [*found.type.dependents]
    made: list[Constraint | Index] = []
    for leaf in leaves(upgrade):
        operation = leaf.operation if isinstance(leaf, ReplaceOp) else leaf
        match operation:
            case ops.DropTableOp():
                table = _key(_table(dialect, operation), "")[0]
                columns = {key: one for key, one in columns.items() if key[0] != table}
                kept = [one for one in kept if _key(one.table, "")[0] != table]
            case ops.DropColumnOp():
                columns.pop(_key(_table(dialect, operation), operation.column_name), None)
            case ops.DropIndexOp() | ops.DropConstraintOp():
                name = getattr(operation, "index_name", None) or operation.constraint_name  # type: ignore[union-attr]
                key = _key(_table(dialect, operation), str(name))
                kept = [
                    one for one in kept if not one.in_models or _key(one.table, one.name) != key
                ]
            case ops.AddColumnOp():
                _put(columns, dialect, operation, operation.column, found)
            case ops.CreateTableOp():
                for column in operation.columns:
                    if isinstance(column, Column):
                        _put(columns, dialect, operation, column, found)
                made += operation.to_table().constraints
            case ops.AlterColumnOp():
                _alter(columns, dialect, operation, found)
            case ops.CreateIndexOp():
                made.append(made_index(operation))
            case ops.AddConstraintOp():
                made.append(operation.to_constraint())
    new = (_dependent(dialect, one, {*columns}) for one in made)
    dependents = (*kept, *(one for one in new if one is not None))
    return replace(found.type, columns=tuple(columns.values()), dependents=dependents)


def _dependent(
    dialect: Dialect, made: Constraint | Index, columns: Collection[tuple[str, str]]
) -> Dependent | None:
    """Return what the revision makes if it may name the enum or one of its columns, else None."""
    assert made.table is not None
    table = dialect.identifier_preparer.format_table(made.table)
    tables = {one for one, _ in columns}
    match made:
        case ForeignKeyConstraint():
            keys = {_key(table, name) for name in made.column_keys}
            referred = dialect.identifier_preparer.format_table(made.referred_table)
            keys |= {_key(referred, one.column.name) for one in made.elements}
            concerned = bool(keys.intersection(columns))
            if made.name is None:  # as PostgreSQL names it
                made.name = f"{made.table.name}_{'_'.join(made.column_keys)}_fkey"
        case CheckConstraint() | ExcludeConstraint():
            concerned = _key(table, "")[0] in tables
        case Index():
            concerned = is_special(made) and _key(table, "")[0] in tables
        case _:
            return None
    if not concerned or made.name is None:
        return None
    create: Any = CreateIndex(made) if isinstance(made, Index) else AddConstraint(made)
    drop: Any = DropIndex(made) if isinstance(made, Index) else DropConstraint(made)
    return Dependent(
        name=str(made.name),
        table=table,
        drop=sql_of(dialect, drop),
        create=(sql_of(dialect, create),),
    )


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
