"""The enums of the models against those of the database, compared while Alembic compares the rest."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import sqlalchemy
from alembic.operations import ops
from alembic.util import DispatchPriority, PriorityDispatchResult, sqla_compat
from sqlalchemy import Column
from sqlalchemy.dialects import postgresql

from dbtasks.drift.enum_catalog import read_enums, read_values
from dbtasks.drift.enum_change import ChangeEnumOp, CreateEnumOp, with_added
from dbtasks.drift.enum_revision import after, enum_in
from dbtasks.drift.replacement import leaves

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from alembic.autogenerate.api import AutogenContext
    from alembic.runtime.plugins import Plugin
    from sqlalchemy import Dialect


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
    values, declared = read_values(context.connection), [*_declared(context)]
    if any(values.get((one.schema, one.name)) != one.values for one in declared):
        _compare(context, upgrade, declared)
    _create_no_types(context.dialect, upgrade)
    return PriorityDispatchResult.CONTINUE


def _compare(
    context: AutogenContext, upgrade: ops.UpgradeOps, declared: Iterable[Declared]
) -> None:
    assert context.connection is not None
    stored = read_enums(context.connection)
    added: list[ops.MigrateOperation] = []
    created: list[ops.MigrateOperation] = []
    removed: list[ops.MigrateOperation] = []
    for one in declared:
        found = stored.get((one.schema, one.name))
        if found is None:
            created.append(CreateEnumOp(_sql_name(context.dialect, one), one.values))
        elif found.values != one.values:
            union = with_added(found.values, one.values)
            if union != found.values:
                added.append(ChangeEnumOp(found.type, found.values, union))
            if union != one.values:
                then = after(context.dialect, found, upgrade)
                removed.append(ChangeEnumOp(then, union, one.values))
    # Added values come first of all: they commit what the revision did before.
    upgrade.ops[:] = [*added, *created, *upgrade.ops, *removed]


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
    for operation in leaves(upgrade):
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
