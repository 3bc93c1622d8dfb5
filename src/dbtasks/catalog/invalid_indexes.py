"""Invalid indexes: what a failed CREATE INDEX or REINDEX CONCURRENTLY leaves, and how to drop it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from psycopg import sql

if TYPE_CHECKING:
    import psycopg

_OF_REINDEX = re.compile(r"_cc(new|old)\d*$")
# An index is invalid as well while it is built or dropped. Its builder holds this lock on the table
# from before the index is in the catalog to the end, through all its transactions; so do VACUUM and
# others, hence the view: of it a role without pg_monitor sees the process ids, which suffice. A
# partitioned index is invalid until every partition has one, and is nobody's left-over.
_SQL = """
    SELECT i.indexrelid::bigint, n.nspname, c.relname,
           format('%I.%I', n.nspname, c.relname), format('%I.%I', tn.nspname, t.relname)
    FROM pg_index i
    JOIN pg_class c ON c.oid = i.indexrelid
    JOIN pg_namespace n ON n.oid = c.relnamespace
    JOIN pg_class t ON t.oid = i.indrelid
    JOIN pg_namespace tn ON tn.oid = t.relnamespace
    WHERE NOT i.indisvalid AND c.relkind = 'i' AND n.nspname !~ '^pg_(toast_)?temp_'
      AND NOT EXISTS (
          SELECT 1 FROM pg_locks l
          WHERE l.locktype = 'relation' AND l.granted AND l.mode = 'ShareUpdateExclusiveLock'
            AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database())
            AND (l.relation = i.indexrelid OR l.relation = i.indrelid
                 AND l.pid IN (SELECT pid FROM pg_stat_progress_create_index))
      )
    ORDER BY 2, 3
"""


@dataclass(frozen=True, kw_only=True)
class InvalidIndex:
    """An index that costs every write and serves no query.

    `name` and `table` are qualified, and quoted where PostgreSQL wants that. `of_reindex` says that
    it is the left-over of a REINDEX CONCURRENTLY: another, valid index does its work. `drop` is the
    statement that removes it, which cannot run in a transaction.
    """

    oid: int
    name: str
    table: str
    of_reindex: bool
    drop: sql.Composed

    @property
    def command(self) -> str:
        """The statement that removes it, as a text to read and to copy."""
        return self.drop.as_string(None)


def read(connection: psycopg.Connection) -> tuple[InvalidIndex, ...]:
    """Return the invalid indexes of the database, by name, but for those being built or dropped now."""
    return tuple(
        InvalidIndex(
            oid=oid,
            name=qualified,
            table=table,
            of_reindex=_OF_REINDEX.search(name) is not None,
            drop=sql.SQL("DROP INDEX CONCURRENTLY {}").format(sql.Identifier(schema, name)),
        )
        for oid, schema, name, qualified, table in connection.execute(_SQL).fetchall()
    )
