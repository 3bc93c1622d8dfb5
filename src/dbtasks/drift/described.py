"""What a new revision would have to do, for people and machines."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from alembic.autogenerate import render_op_text
from alembic.operations import ops

from dbtasks.drift.enum_change import ChangeEnumOp, CreateEnumOp
from dbtasks.drift.replacement import ReplaceOp, leaves
from dbtasks.results import Difference

if TYPE_CHECKING:
    from collections.abc import Iterable

    from alembic.autogenerate.api import AutogenContext


def differences(
    upgrade: Iterable[ops.UpgradeOps], context: AutogenContext
) -> tuple[Difference, ...]:
    """Describe the operations that would bring the database to the models."""
    return tuple(
        Difference(
            code=code,
            message=message,
            operation=_render(operation, context),
            table=_of_table(operation),
            column=_of_column(operation),
        )
        for container in upgrade
        for operation in leaves(container)
        if not isinstance(operation, ReplaceOp) or operation.leads
        for code, message in [_describe(operation)]
    )


def _render(operation: ops.MigrateOperation, context: AutogenContext) -> str:
    halves = [operation, operation.other] if isinstance(operation, ReplaceOp) else [operation]
    return "\n".join(render_op_text(context, one).strip() for one in halves)


def _describe(operation: Any) -> tuple[str, str]:
    """Return the name of the operation, Alembic's if it is one of its own, and a sentence in terms of tables and columns."""
    match operation:
        case ops.CreateTableOp():
            return (
                "add_table",
                f"table {_table(operation)} is in the models and not in the database",
            )
        case ops.DropTableOp():
            return (
                "remove_table",
                f"table {_table(operation)} is in the database and not in the models",
            )
        case ops.AddColumnOp():
            return (
                "add_column",
                f"column {_table(operation)}.{operation.column.name} is in the models only",
            )
        case ops.DropColumnOp():
            return (
                "remove_column",
                f"column {_table(operation)}.{operation.column_name} is in the database only",
            )
        case ops.AlterColumnOp():
            return _describe_alteration(operation)
        case ops.CreateIndexOp():
            return (
                "add_index",
                f"index {operation.index_name} on {_table(operation)} is in the models only",
            )
        case ops.DropIndexOp():
            return (
                "remove_index",
                f"index {operation.index_name} on {_table(operation)} is in the database only",
            )
        case ops.AddConstraintOp():
            name = operation.to_constraint().name or "without a name"
            return (
                "add_constraint",
                f"constraint {name} on {_source(operation)} is in the models only",
            )
        case ops.DropConstraintOp():
            name = operation.constraint_name or "without a name"
            return (
                "remove_constraint",
                f"constraint {name} on {_table(operation)} is in the database only",
            )
        case ChangeEnumOp() | CreateEnumOp() | ReplaceOp():
            return operation.code, operation.message
    return type(operation).__name__, " ".join(str(part) for part in operation.to_diff_tuple())


def _describe_alteration(operation: ops.AlterColumnOp) -> tuple[str, str]:
    column = f"column {_table(operation)}.{operation.column_name}"
    parts, code = [], "modify_column"
    if operation.modify_type is not None:
        code = "modify_type"
        parts.append(
            f"is {operation.existing_type!r} in the database and {operation.modify_type!r} in the models"
        )
    if operation.modify_nullable is not None:
        code = "modify_nullable"
        parts.append(
            "is NOT NULL in the database only"
            if operation.modify_nullable
            else "is NOT NULL in the models only"
        )
    if operation.modify_server_default is not False:
        code = "modify_default"
        parts.append("has another server default in the models")
    if operation.modify_comment is not False:
        code = "modify_comment"
        parts.append("has another comment in the models")
    return code, f"{column} {' and '.join(parts) or 'differs'}"


def _table(operation: Any) -> str:
    return (
        f"{operation.schema}.{operation.table_name}"
        if operation.schema
        else str(operation.table_name)
    )


def _source(operation: Any) -> str:
    if isinstance(operation, ops.CreateForeignKeyOp):
        return operation.source_table
    return _table(operation)


def _of_table(operation: Any) -> str | None:
    """Return the table in the models that an operation is about, None where it is in none."""
    if isinstance(operation, ReplaceOp):
        return _of_table(operation.operation)
    if isinstance(operation, ops.DropTableOp):
        return None
    if isinstance(operation, ops.CreateForeignKeyOp):
        schema = operation.kw.get("source_schema")
        return f"{schema}.{operation.source_table}" if schema else operation.source_table
    return _table(operation) if hasattr(operation, "table_name") else None


def _of_column(operation: Any) -> str | None:
    if isinstance(operation, ops.AddColumnOp):
        return str(operation.column.name)
    return operation.column_name if isinstance(operation, ops.AlterColumnOp) else None
