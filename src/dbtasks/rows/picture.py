"""How many rows and values every table holds."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from psycopg import sql

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    import psycopg

_TABLES = 50
# A type is compared as it is if it can be sorted by an operator class of its own, else as text.
_TABLES_SQL = r"""
SELECT c.oid::int8, n.nspname, c.relname, quote_ident(n.nspname) || '.' || quote_ident(c.relname),
       c.relkind = 'p',
       CASE WHEN c.relispartition THEN
           (SELECT relid::oid::int8 FROM pg_partition_ancestors(c.oid) WITH ORDINALITY ORDER BY ordinality DESC LIMIT 1)
       END,
       c.relfilenode::int8,
       coalesce((
           SELECT json_agg(json_build_array(a.attnum, a.attname, a.atttypid::int8, a.attcollation::int8, EXISTS (
               SELECT FROM pg_opclass o
               WHERE o.opcdefault AND o.opcintype = a.atttypid
                 AND o.opcmethod = (SELECT m.oid FROM pg_am m WHERE m.amname = 'btree')
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
    """A table, its columns by number; `root` is the OID of the table that a partition belongs to.

    Of equal `trace`, a table has the same columns and the same versions of the same rows.
    """

    name: str
    partitioned: bool
    root: int | None
    rows: int
    columns: Mapping[int, ColumnPicture]
    trace: object = field(repr=False, compare=False)


@dataclass(frozen=True, kw_only=True)
class Picture:
    """The tables of a database at one moment, by OID; generated columns are left out."""

    tables: Mapping[int, TablePicture]


def picture(
    connection: psycopg.Connection, *, ignore: Collection[str] = (), since: Picture | None = None
) -> Picture:
    """Count the rows and values of every table that may be read.

    Those that are as they were in the picture `since` are not counted again. That is told from the
    place and the transaction of each row: neither a file's size nor the statistics, which other
    sessions report late, prove that a table was left alone.
    """
    with connection.transaction():
        connection.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
        connection.execute("SET LOCAL jit = off")
        found = connection.execute(_TABLES_SQL, {"ignore": list(ignore)}).fetchall()
        tables = [_Table(*one) for one in found]
        traces = _traces(connection, tables)
        old = {} if since is None else since.tables
        known = {
            table.oid: replace(old[table.oid], name=table.quoted, root=table.root)
            for table in tables
            if table.oid in old and old[table.oid].trace == traces[table.oid]
        }
        rest = [table for table in tables if table.oid not in known]
        for start in range(0, len(rest), _TABLES):
            known |= _count(connection, rest[start : start + _TABLES], traces)
    return Picture(tables={table.oid: known[table.oid] for table in tables})


@dataclass(frozen=True)
class _Table:
    """A row of the query; a column is its number, name, type, collation and whether it compares."""

    oid: int
    schema: str
    name: str
    quoted: str
    partitioned: bool
    root: int | None
    file: int
    columns: list[tuple[int, str, int, int, bool]]

    @property
    def source(self) -> sql.Composed:
        """What to select from, so that tables that inherit are not counted with it."""
        return sql.SQL("{}{}").format(
            sql.SQL("" if self.partitioned else "ONLY "), sql.Identifier(self.schema, self.name)
        )


def _traces(connection: psycopg.Connection, tables: Sequence[_Table]) -> dict[int, object]:
    found: dict[int, object] = {}
    for start in range(0, len(tables), _TABLES):
        query = sql.SQL(" UNION ALL ").join(
            sql.SQL(
                "SELECT {}::int8, count(*), sum(hashtextextended("
                "tableoid::text || ctid::text || xmin::text, 0)) FROM {}"
            ).format(sql.Literal(table.oid), table.source)
            for table in tables[start : start + _TABLES]
        )
        found |= {oid: (rows, total) for oid, rows, total in connection.execute(query)}
    return {table.oid: (table.file, table.columns, found[table.oid]) for table in tables}


def _count(
    connection: psycopg.Connection, tables: Sequence[_Table], traces: Mapping[int, object]
) -> dict[int, TablePicture]:
    query = sql.SQL(" UNION ALL ").join(_counts(table) for table in tables)
    found = {oid: (rows, counts) for oid, rows, counts in connection.execute(query)}
    return {
        table.oid: TablePicture(
            name=table.quoted,
            partitioned=table.partitioned,
            root=table.root,
            rows=found[table.oid][0],
            columns=_columns(table, found[table.oid][1]),
            trace=traces[table.oid],
        )
        for table in tables
    }


def _columns(table: _Table, counts: list[int]) -> dict[int, ColumnPicture]:
    return {
        column[0]: ColumnPicture(name=column[1], values=values, distinct=distinct)
        for column, values, distinct in zip(table.columns, counts[::2], counts[1::2], strict=True)
    }


def _counts(table: _Table) -> sql.Composed:
    counts = [
        sql.SQL("count({0}), count(DISTINCT {0}{1})").format(
            sql.Identifier(name), sql.SQL("" if comparable else "::text")
        )
        for _, name, _, _, comparable in table.columns
    ]
    return sql.SQL("SELECT {}::int8, count(*), ARRAY[{}]::int8[] FROM {}").format(
        sql.Literal(table.oid), sql.SQL(", ").join(counts), table.source
    )
