"""Tables that have rows, and what tells that the rows are the same."""

from __future__ import annotations

from typing import TYPE_CHECKING

from psycopg import sql

if TYPE_CHECKING:
    import psycopg

# What a policy hides, or a role may not read, no env.py of that role reads either.
_FILLED = """
    SELECT c.oid, n.nspname, c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE c.oid >= 16384 AND c.relkind IN ('r', 'm') AND c.relispopulated AND c.relpersistence <> 't'
      AND pg_relation_size(c.oid) > 0 AND NOT row_security_active(c.oid)
      AND has_schema_privilege(n.oid, 'USAGE') AND has_table_privilege(c.oid, 'SELECT')
    ORDER BY c.oid
"""
_ROWS = "SELECT {} || ':' || count(*) || ':' || sum(xmin::text::bigint) AS told FROM ONLY {} HAVING count(*) > 0"


def rows_told(connection: psycopg.Connection) -> str:
    """Return a word that changes with every row that is written or removed, in tables with rows only."""
    found = connection.execute(_FILLED).fetchall()
    if not found:
        return "none"
    rows = (
        sql.SQL(_ROWS).format(sql.Literal(str(number)), sql.Identifier(schema, name))
        for number, schema, name in found
    )
    every = sql.SQL("SELECT md5(coalesce(string_agg(told, ' ' ORDER BY told), '')) FROM ({}) t")
    row = connection.execute(every.format(sql.SQL(" UNION ALL ").join(rows))).fetchone()
    assert row is not None
    return str(row[0])
