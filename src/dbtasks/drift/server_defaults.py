"""Server defaults of the models against those of the database, also where PostgreSQL cannot compare them.

Alembic asks the database `SELECT 'a'::t = 'b'`. That is an error for json, which has no equality, and for
a value that an enum does not have yet; and one error ends the whole comparison.
"""

from __future__ import annotations

import contextlib
import re
from typing import TYPE_CHECKING, Any

from alembic.util import DispatchPriority, PriorityDispatchResult
from sqlalchemy.exc import DBAPIError
from sqlalchemy.schema import DefaultClause

if TYPE_CHECKING:
    from alembic.autogenerate.api import AutogenContext
    from alembic.operations.ops import AlterColumnOp
    from alembic.runtime.plugins import Plugin
    from sqlalchemy import Column, Connection

_LITERAL = re.compile(r"'((?:[^']|'')*)'(?:::[\w\s.\"\[\]]+)?")


def setup(plugin: Plugin) -> None:
    """Add the comparison to Alembic's; a function of env.py comes before it."""
    plugin.add_autogenerate_comparator(
        compare_default, "column", "server_default", priority=DispatchPriority.FIRST
    )


def compare_default(
    context: AutogenContext,
    operation: AlterColumnOp,
    _schema: str | None,
    _table: str,
    _column: str,
    stored: Column[Any],
    declared: Column[Any],
) -> PriorityDispatchResult:
    """Compare two defaults that are plain SQL; identities and computed columns are left to Alembic."""
    old, new = stored.server_default, declared.server_default
    if not isinstance(old, DefaultClause) or not isinstance(new, DefaultClause):
        return PriorityDispatchResult.CONTINUE
    assert context.connection is not None
    operation.existing_server_default = old
    old_sql, new_sql = _sql(context, old), _sql(context, new)
    if literal_value(old_sql) != literal_value(new_sql):
        impl: Any = context.migration_context.impl
        try:
            with _savepoint(context.connection):
                differs = impl.compare_server_default(stored, declared, new_sql, old_sql)
        except DBAPIError:
            differs = True
        if differs:
            operation.modify_server_default = new
    return PriorityDispatchResult.STOP


def literal_value(sql: str) -> str:
    """Return the text of a string literal, with or without a cast; other SQL as it is."""
    found = _LITERAL.fullmatch(sql)
    return found[1].replace("''", "'") if found else sql


def _sql(context: AutogenContext, default: DefaultClause) -> str:
    argument: Any = default.arg
    if isinstance(argument, str):
        return argument
    options = {"literal_binds": True}
    return str(argument.compile(dialect=context.dialect, compile_kwargs=options))


def _savepoint(connection: Connection) -> contextlib.AbstractContextManager[Any]:
    driver = connection.connection.dbapi_connection
    if getattr(driver, "autocommit", False):
        return contextlib.nullcontext()
    return connection.begin_nested()
