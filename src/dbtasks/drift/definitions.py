"""CHECK constraints and indexes of the models and of the database that have one name and two meanings.

Alembic compares them by name and by columns. What an expression means only PostgreSQL can tell: it
writes `age > 0` as `(age > 0)` and `IN` as `= ANY`. So the models' definition is put on an empty
temporary table of the same columns, and read back.
"""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Any, NamedTuple

import sqlalchemy
from alembic.operations import ops
from alembic.util import DispatchPriority, PriorityDispatchResult, sqla_compat
from sqlalchemy import CheckConstraint, Column, Index, Table
from sqlalchemy.exc import DBAPIError
from sqlalchemy.schema import CreateIndex
from sqlalchemy.sql.naming import conv

from dbtasks.drift.replacement import ReplaceOp, leaves, sql_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from alembic.autogenerate.api import AutogenContext
    from alembic.runtime.plugins import Plugin
    from sqlalchemy import Connection, Dialect

_STORED = """
SELECT n.nspname AS schema, r.relname AS table, pg_table_is_visible(r.oid) AS visible,
    s.kind, s.name, s.definition, s.special
FROM pg_class r JOIN pg_namespace n ON n.oid = r.relnamespace JOIN (
    SELECT conrelid AS oid, 'check' AS kind, conname AS name, pg_get_constraintdef(oid) AS definition,
        true AS special
        FROM pg_constraint WHERE contype = 'c' AND conrelid <> 0
    UNION ALL SELECT i.indrelid, 'index', c.relname, pg_get_indexdef(c.oid),
        i.indexprs IS NOT NULL OR i.indpred IS NOT NULL
        FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid
) s ON s.oid = r.oid
WHERE n.nspname NOT IN ('pg_catalog', 'information_schema', 'pg_toast')
"""
_READ = {
    "check": """
        SELECT pg_get_constraintdef(oid) FROM pg_constraint
        WHERE contype = 'c' AND conname = :name AND conrelid = CAST(:table AS regclass)""",
    "index": """
        SELECT pg_get_indexdef(indexrelid) FROM pg_index WHERE indrelid = CAST(:table AS regclass)""",
}
# `CHECK (public.pet.age > 0)` is good for one table only, and says nothing about another one.
_OF_ANOTHER_TABLE = "42P01"


class Stored(NamedTuple):
    """A definition of the database; `special` has an expression or a predicate."""

    definition: str
    special: bool


_Stored = dict[tuple[str | None, str], dict[tuple[str, str], Stored]]


def setup(plugin: Plugin) -> None:
    """Add the comparison to Alembic's, after tables and columns were compared."""
    plugin.add_autogenerate_comparator(
        compare_definitions,
        "autogenerate",
        "dbtasks.drift.definitions",
        qualifier="postgresql",
        priority=DispatchPriority.LAST,
    )


def compare_definitions(context: AutogenContext, upgrade: ops.UpgradeOps) -> PriorityDispatchResult:
    """Add to `upgrade` what replaces the constraints and indexes that mean something else.

    The old go before everything else, because a column that is dropped takes them along; the new come
    after everything else, because they may need a new column.
    """
    assert context.connection is not None
    stored = _read(context.connection)
    handled = set(_handled(upgrade))
    drops: list[ops.MigrateOperation] = []
    creates: list[ops.MigrateOperation] = []
    for table in context.sorted_tables:
        known = stored.get((table.schema, table.name), {})
        changed = [
            one
            for one in _declared(context, table, known)
            if (table.schema, table.name, one[1]) not in handled
            and _differs(context.connection, table, *one, known[one[0], one[1]])
        ]
        for drop, create in _replacements(context, table, changed):
            drops.append(drop)
            creates.append(create)
    upgrade.ops[:] = [*drops, *upgrade.ops, *creates]
    return PriorityDispatchResult.CONTINUE


def _read(connection: Connection) -> _Stored:
    found: _Stored = {}
    for row in connection.execute(sqlalchemy.text(_STORED)).mappings():
        for schema in [row["schema"], *([None] if row["visible"] else [])]:
            one = Stored(row["definition"], row["special"])
            found.setdefault((schema, row["table"]), {})[row["kind"], row["name"]] = one
    return found


def _handled(upgrade: ops.UpgradeOps) -> Iterator[tuple[str | None, str, str]]:
    """Yield the constraints and indexes that Alembic's own comparison replaces already."""
    for one in leaves(upgrade):
        match one:
            case ops.CreateIndexOp() | ops.DropIndexOp():
                yield one.schema, one.table_name or "", str(one.index_name)
            case ops.DropConstraintOp() | ops.CreateCheckConstraintOp():
                yield one.schema, one.table_name, str(one.constraint_name)


def _declared(
    context: AutogenContext, table: Table, known: Mapping[tuple[str, str], Stored]
) -> Iterator[tuple[str, str, str]]:
    """Yield kind, name and definition of what the models and the database both have."""
    dialect: Any = context.dialect
    for constraint in table.constraints:
        if isinstance(constraint, CheckConstraint):
            name = sqla_compat._get_constraint_final_name(constraint, dialect)  # noqa: SLF001
            if ("check", str(name)) in known:
                made = sql_of(dialect, constraint)
                yield "check", str(name), made[made.index("CHECK") :]
    for index in table.indexes:
        one = known.get(("index", str(index.name)))
        if one is not None and (one.special or is_special(index)):
            yield "index", str(index.name), _index_definition(dialect, index)


def is_special(index: Index) -> bool:
    """Tell whether an index is partial or on an expression."""
    where = index.dialect_options["postgresql"]["where"] is not None
    return where or not all(isinstance(one, Column) for one in index.expressions)


def made_index(operation: ops.CreateIndexOp) -> Index:
    """Return the index that an operation makes, on a table that has the columns it includes."""
    index = operation.to_index()
    assert index.table is not None
    for one in index.dialect_options["postgresql"]["include"] or ():
        if isinstance(one, str) and one not in index.table.c:
            index.table.append_column(Column(one, sqlalchemy.types.NullType))
    return index


def _index_definition(dialect: Dialect, index: Index) -> str:
    operation = ops.CreateIndexOp.from_index(index)
    operation.schema, operation.unique = None, False
    operation.kw.pop("postgresql_concurrently", None)
    made = made_index(operation)
    assert made.table is not None
    return sql_of(dialect, CreateIndex(made)).partition(
        f" ON {dialect.identifier_preparer.format_table(made.table)} "
    )[2]


def _differs(
    connection: Connection, table: Table, kind: str, name: str, declared: str, stored: Stored
) -> bool:
    """Tell whether PostgreSQL understands two definitions differently.

    What it writes is not always what it writes when it reads that again, so both are read twice.
    """
    old = _stripped(kind, stored.definition)
    try:
        new = _understood(connection, table, kind, name, declared)
        if new == old:
            return False
        news = {new, _understood(connection, table, kind, name, new)}
    except DBAPIError as error:
        state = getattr(error.orig, "sqlstate", None) or getattr(error.orig, "pgcode", None)
        news = set()  # a column or an enum value that is not there yet: certainly something else
        if state == _OF_ANOTHER_TABLE:
            return False
    try:
        return not news.intersection({old, _understood(connection, table, kind, name, old)})
    except DBAPIError:
        return False  # not to be had on another table, so nothing is known


def _understood(connection: Connection, table: Table, kind: str, name: str, definition: str) -> str:
    """Return how PostgreSQL writes a definition that is put on an empty table like `table`."""
    quote = connection.dialect.identifier_preparer.quote
    real = connection.dialect.identifier_preparer.format_table(table)
    shadow = f"pg_temp.{quote(table.name)}"
    make = (
        f"ALTER TABLE {shadow} ADD CONSTRAINT {quote(name)} {definition}"
        if kind == "check"
        else f"CREATE INDEX {quote(name)} ON {shadow} {definition}"
    )
    with _undone(connection, shadow):
        connection.exec_driver_sql(f"CREATE TEMPORARY TABLE {quote(table.name)} (LIKE {real})")
        connection.exec_driver_sql(make, execution_options={"no_parameters": True})
        given = {"table": shadow, **({"name": name} if kind == "check" else {})}
        found = connection.scalar(sqlalchemy.text(_READ[kind]), given)
    return _stripped(kind, str(found))


@contextlib.contextmanager
def _undone(connection: Connection, shadow: str) -> Iterator[None]:
    driver = connection.connection.dbapi_connection
    if getattr(driver, "autocommit", False):
        try:
            yield
        finally:
            connection.exec_driver_sql(f"DROP TABLE IF EXISTS {shadow}")
        return
    savepoint = connection.begin_nested()
    try:
        yield
    finally:
        savepoint.rollback()


def _stripped(kind: str, definition: str) -> str:
    """Leave out what is not the meaning: the table's name, and whether old rows were looked at."""
    if kind == "index":
        return "USING " + definition.partition(" USING ")[2]
    return definition.removesuffix(" NOT VALID")


def _replacements(
    context: AutogenContext, table: Table, changed: list[tuple[str, str, str]]
) -> Iterator[tuple[ReplaceOp, ReplaceOp]]:
    if not changed:
        return
    stored = Table(
        table.name,
        sqlalchemy.MetaData(),
        schema=table.schema,
        autoload_with=context.connection,
        resolve_fks=False,
    )
    for kind, name, _ in changed:
        old, new = (_named(context, one, kind, name) for one in (stored, table))
        noun = "index" if kind == "index" else "check_constraint"
        if not context.run_object_filters(new, name, noun, False, old):  # type: ignore[arg-type]
            continue
        drop: ops.MigrateOperation
        create: ops.MigrateOperation
        old.name = conv(name)  # no naming convention applies to what the database has
        if isinstance(old, Index) and isinstance(new, Index):
            if not old.dialect_options["postgresql"]["include"]:
                old.kwargs.pop("postgresql_include", None)
            drop, create = ops.DropIndexOp.from_index(old), ops.CreateIndexOp.from_index(new)
        else:
            drop = ops.DropConstraintOp.from_constraint(old)  # type: ignore[arg-type]
            create = ops.AddConstraintOp.from_constraint(new)  # type: ignore[arg-type]
        what = f"{'index' if kind == 'index' else 'check constraint'} {name} on {table.fullname}"
        code = f"modify_{'index' if kind == 'index' else 'constraint'}"
        yield (
            ReplaceOp(drop, create, code=code, what=what),
            ReplaceOp(create, drop, code=code, what=what, leads=False),
        )


def _named(context: AutogenContext, table: Table, kind: str, name: str) -> Index | CheckConstraint:
    if kind == "index":
        return next(one for one in table.indexes if one.name == name)
    return next(
        one
        for one in table.constraints
        if isinstance(one, CheckConstraint)
        and sqla_compat._get_constraint_final_name(one, context.dialect) == name  # noqa: SLF001
    )
