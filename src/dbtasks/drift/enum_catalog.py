"""The enums that a database has, with the columns and whatever else hangs on them."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import sqlalchemy

from dbtasks.drift.enum_change import EnumColumn, EnumType
from dbtasks.drift.enum_dependents import read_dependents, read_obstacles

if TYPE_CHECKING:
    from sqlalchemy import Connection

# Names of tables and types come out as a revision may write them: quoted where needed, and with the
# schema where the search_path does not find them.
_ENUMS = """
SELECT t.oid, n.nspname AS schema, t.typname AS name, pg_type_is_visible(t.oid) AS visible,
    t.oid::regtype::text AS sql, quote_ident(n.nspname) AS quoted_schema,
    quote_ident(t.typname || '_old') AS old_name,
    (SELECT coalesce(array_agg(e.enumlabel::text ORDER BY e.enumsortorder), '{}')
        FROM pg_enum e WHERE e.enumtypid = t.oid) AS values
FROM pg_type t JOIN pg_namespace n ON n.oid = t.typnamespace
WHERE t.typtype = 'e' ORDER BY n.nspname, t.typname
"""
_VALUES = """
SELECT n.nspname AS schema, t.typname AS name, pg_type_is_visible(t.oid) AS visible,
    (SELECT coalesce(array_agg(e.enumlabel::text ORDER BY e.enumsortorder), '{}')
        FROM pg_enum e WHERE e.enumtypid = t.oid) AS values
FROM pg_type t JOIN pg_namespace n ON n.oid = t.typnamespace WHERE t.typtype = 'e'
"""
_COLUMNS = """
SELECT t.oid AS enum, c.oid::regclass::text AS table, quote_ident(a.attname) AS column,
    a.atttypid <> t.oid AS array,
    CASE WHEN a.attgenerated = '' THEN pg_get_expr(d.adbin, d.adrelid) END AS default
FROM pg_type t JOIN pg_attribute a ON a.atttypid IN (t.oid, t.typarray)
    JOIN pg_class c ON c.oid = a.attrelid AND c.relkind IN ('r', 'p')
    LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
WHERE t.typtype = 'e' AND NOT a.attisdropped AND a.attinhcount = 0
ORDER BY c.oid::regclass::text, a.attnum
"""


class StoredEnum(NamedTuple):
    """An enum of the database; the models may call it by any of `names`, (schema, name) pairs."""

    type: EnumType
    values: tuple[str, ...]
    names: tuple[tuple[str | None, str], ...]


def read_values(connection: Connection) -> dict[tuple[str | None, str], tuple[str, ...]]:
    """Return the values of the enums by the names that `StoredEnum` tells of."""
    found: dict[tuple[str | None, str], tuple[str, ...]] = {}
    for row in connection.execute(sqlalchemy.text(_VALUES)).mappings():
        for schema in (row["schema"], *([None] if row["visible"] else [])):
            found[schema, row["name"]] = tuple(row["values"])
    return found


def read_enums(connection: Connection) -> dict[tuple[str | None, str], StoredEnum]:
    """Return the enums by schema and name; by None and name too where the search_path finds them."""
    columns: dict[int, list[EnumColumn]] = {}
    for row in connection.execute(sqlalchemy.text(_COLUMNS)).mappings():
        fields = {name: row[name] for name in ("table", "column", "array", "default")}
        columns.setdefault(row["enum"], []).append(EnumColumn(**fields))
    dependents, obstacles = read_dependents(connection), read_obstacles(connection)
    found = {}
    for row in connection.execute(sqlalchemy.text(_ENUMS)).mappings():
        visible = row["visible"]
        old = row["old_name"] if visible else f"{row['quoted_schema']}.{row['old_name']}"
        type_ = EnumType(
            sql=row["sql"],
            old=old,
            old_name=row["old_name"],
            columns=tuple(columns.get(row["oid"], ())),
            dependents=tuple(dependents.get(row["oid"], ())),
            obstacles=tuple(obstacles.get(row["oid"], ())),
        )
        names: list[tuple[str | None, str]] = [(row["schema"], row["name"])]
        names += [(None, row["name"])] if visible else []
        stored = StoredEnum(type_, tuple(row["values"]), tuple(names))
        found.update(dict.fromkeys(names, stored))
    return found
