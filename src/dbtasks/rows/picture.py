"""How many rows and values every table holds."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from psycopg import sql

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    import psycopg

_TABLES = 50
# A type is compared as it is if it has an operator class of its own, else as text.
_COUNTED = r"""
SELECT c.oid::int8, n.nspname, c.relname, quote_ident(n.nspname) || '.' || quote_ident(c.relname),
       c.relkind = 'p',
       CASE WHEN c.relispartition THEN
           (SELECT relid::oid::int8 FROM pg_partition_ancestors(c.oid) WITH ORDINALITY ORDER BY ordinality DESC LIMIT 1)
       END,
       coalesce((
           SELECT json_agg(json_build_array(a.attnum, a.attname, EXISTS (
               SELECT FROM pg_opclass o
               WHERE o.opcdefault AND o.opcintype = a.atttypid
                 AND o.opcmethod IN (SELECT m.oid FROM pg_am m WHERE m.amname IN ('btree', 'hash'))
           )) ORDER BY a.attnum)
           FROM pg_attribute a
           WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped AND a.attgenerated = ''
       ), '[]')
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE c.relkind IN ('r', 'p') AND c.relpersistence <> 't'
  AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'
  AND NOT EXISTS (
      SELECT FROM pg_depend d
      WHERE d.classid = 'pg_class'::regclass AND d.objid = c.oid AND d.deptype = 'e'
  )
  AND quote_ident(n.nspname) || '.' || quote_ident(c.relname) <> ALL (%(ignore)s::text[])
  AND CASE WHEN has_schema_privilege(n.oid, 'USAGE') THEN has_table_privilege(c.oid, 'SELECT') END
ORDER BY c.oid
"""


@dataclass(frozen=True, kw_only=True)
class ColumnPicture:
    """A column; `values` are not NULL, `distinct` of them differ."""

    name: str
    values: int
    distinct: int


@dataclass(frozen=True, kw_only=True)
class TablePicture:
    """A table, its columns by number; `root` is the OID of the table that a partition belongs to."""

    name: str
    partitioned: bool
    root: int | None
    rows: int
    columns: Mapping[int, ColumnPicture]


@dataclass(frozen=True, kw_only=True)
class Picture:
    """The tables of a database at one moment, by OID; generated columns are left out."""

    tables: Mapping[int, TablePicture]


def picture(connection: psycopg.Connection, *, ignore: Collection[str] = ()) -> Picture:
    """Count the rows and values of every table that may be read.

    All of them each time: neither a file's size nor the statistics, which other sessions report
    late, prove that a table was left alone.
    """
    with connection.transaction():
        connection.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
        connection.execute("SET LOCAL jit = off")
        tables = connection.execute(_COUNTED, {"ignore": list(ignore)}).fetchall()
        counted: dict[int, TablePicture] = {}
        for start in range(0, len(tables), _TABLES):
            counted.update(_count(connection, tables[start : start + _TABLES]))
    return Picture(tables=counted)


def _count(
    connection: psycopg.Connection, tables: Sequence[tuple[Any, ...]]
) -> dict[int, TablePicture]:
    query = sql.SQL(" UNION ALL ").join(
        _select(at, schema, name, partitioned, columns)
        for at, (_, schema, name, _, partitioned, _, columns) in enumerate(tables)
    )
    found = {at: (rows, counts) for at, rows, counts in connection.execute(query)}
    return {
        oid: TablePicture(
            name=quoted,
            partitioned=partitioned,
            root=root,
            rows=rows,
            columns={
                number: ColumnPicture(
                    name=name, values=counts[2 * place], distinct=counts[2 * place + 1]
                )
                for place, (number, name, _) in enumerate(columns)
            },
        )
        for at, (oid, _, _, quoted, partitioned, root, columns) in enumerate(tables)
        for rows, counts in [found[at]]
    }


def _select(at: int, schema: str, name: str, partitioned: bool, columns: list[Any]) -> sql.Composed:
    counts: list[sql.Composable] = []
    for _, column, comparable in columns:
        identifier = sql.Identifier(column)
        same = (
            sql.SQL("{}").format(identifier)
            if comparable
            else sql.SQL("{}::text").format(identifier)
        )
        counts += [
            sql.SQL("count({})").format(identifier),
            sql.SQL("count(DISTINCT {})").format(same),
        ]
    return sql.SQL("SELECT {}, count(*), ARRAY[{}]::int8[] FROM {}{}").format(
        sql.Literal(at),
        sql.SQL(", ").join(counts),
        sql.SQL("" if partitioned else "ONLY "),
        sql.Identifier(schema, name),
    )
