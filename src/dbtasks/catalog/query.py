"""The one statement that reads a catalog: its frame, and the parts that it is put together from."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

VERSION, MEMBER, COMMENT, MORE = -1, -2, -3, -4
SCHEMA, RELATION, TYPE = "pg_namespace", "pg_class", "pg_type"

# The statement must pass every driver as it is: it holds no percent sign, and no colon but `::`.
#
# What PostgreSQL prints depends on the session: on search_path above all. The first branch fixes
# those settings for this transaction, the last one puts back what they were; an Append runs its
# branches in order, and set_config() forbids a parallel plan. In autocommit the transaction is the
# statement.
#
# Joins are left to the reader, but for those between catalogs on indexed columns: the statistics of
# a young database have the planner expect a handful of rows, and loop over hundreds.
# Objects from 16384 on were made after initdb.
_FIXED = """(VALUES ('search_path', ''),
    ('TimeZone', 'UTC'), ('DateStyle', 'ISO, MDY'), ('IntervalStyle', 'postgres'),
    ('bytea_output', 'hex'), ('extra_float_digits', '1'), ('xmlbinary', 'base64'),
    ('quote_all_identifiers', 'off')) AS fixed (name, wanted)"""
SETTLE = (
    "SELECT set_config('max_parallel_workers_per_gather', '0', false)"
    " UNION ALL SELECT set_config(name, wanted, false) FROM " + _FIXED
)
_BEFORE = (
    """
WITH before AS MATERIALIZED (
    SELECT name, wanted, current_setting(name) AS old FROM """
    + _FIXED
    + """
)
SELECT NULL::int, NULL::bigint, NULL::int, NULL::bigint, set_config(name, wanted, true), NULL::text
    FROM before
UNION ALL """
)
_FRAME = """SELECT -1, current_setting('server_version_num')::bigint, 0, 0::bigint, ''::text, ''::text
UNION ALL SELECT -2, objid::bigint, 0, 0, classid::regclass::text, '' FROM pg_depend
    WHERE refclassid = 'pg_extension'::regclass AND deptype = 'e'
UNION ALL SELECT -3, objoid::bigint, objsubid, 0, classoid::regclass::text, description
    FROM pg_description WHERE objoid >= 16384
{parts}
"""
_AFTER = "UNION ALL SELECT NULL, NULL, NULL, NULL, set_config(name, old, true), NULL FROM before\n"


@dataclass(frozen=True, kw_only=True)
class Part:
    """What is read of one kind of object; expressions are SQL.

    `catalog` holds the object under `oid` (and `sub`, a column's number). It is left out when its
    `parent`, an object of the catalog `parent_in`, is left out; the parent's name stands before its
    own unless `qualified` says that it does so already, and becomes the property `parent_as`.

    A value that is NULL stands for what needs no word. A field called `grants` holds what
    `grants()` makes; one whose name ends in `[]` holds a JSON list.

    Where there are many objects of one parent, they make one row: `source` has the parents then, and
    `items` the objects of one of them. A row for each would cost more than what it says.

    `superset` is simpler than `source`, and has no row only where that has none.
    """

    kind: str
    name: str
    fields: Mapping[str, str]
    source: str
    catalog: str
    oid: str
    sub: str = "0"
    parent: str = "0"
    parent_in: str = ""
    parent_as: str = ""
    qualified: bool = False
    items: str = ""
    superset: str = ""

    def sql(self, number: int) -> str:
        """Return the part's branch of the statement."""
        values = ", ".join(f"({value})::text" for value in (self.kind, *self.fields.values()))
        if self.items:
            item = f"ARRAY[({self.sub})::text, {self.name}, {values}]::text"
            return (
                f"UNION ALL SELECT {number}, ({self.oid})::bigint, 0, ({self.parent})::bigint, '',"
                f" (SELECT string_agg({item}, ',') FROM {self.items}) FROM {self.source}"
            )
        return (
            f"UNION ALL SELECT {number}, ({self.oid})::bigint, {self.sub}, ({self.parent})::bigint,"
            f" {self.name}, ARRAY[{values}]::text FROM {self.source}"
        )


def statement(
    parts: Sequence[Part], wanted: Collection[int] | None = None, *, settled: bool = False
) -> str:
    """Return the statement that reads all parts, parents before what hangs on them.

    Its rows are a part's number, oid, sub, parent, name and values. With `wanted` it reads the parts of
    these numbers only, and has a row MORE with the numbers of others that may have something to be read.
    Where the session is `settled`, by the statement SETTLE, it need not be for the time of this one.
    """
    numbered = list(enumerate(parts))
    branches = [part.sql(number) for number, part in numbered if wanted is None or number in wanted]
    if wanted is not None:
        others = [
            f"SELECT {number} AS number FROM {part.superset or part.source}"
            for number, part in numbered
            if number not in wanted
        ]
        if others:
            more = f"SELECT string_agg(number::text, ' ') FROM ({' UNION ALL '.join(others)}) other"
            branches.append(f"UNION ALL SELECT {MORE}, 0, 0, 0, '', ({more})")
    read = _FRAME.format(parts="\n".join(branches))
    return read if settled else _BEFORE + read + _AFTER


def grants(acl: str, default: str, full: str | None = None) -> str:
    """Return the expression of an ACL that was set: JSON of it, of the default, of everything."""
    lists = ", ".join(f"({items})::text[]" for items in (acl, default, full or default))
    return f"CASE WHEN {acl} IS NOT NULL THEN json_build_array({lists}) END"


def owner(oid: str) -> str:
    """Return the expression of an owner's name."""
    return f"quote_ident(pg_get_userbyid({oid}))"


def json_list(array: str) -> str:
    """Return the expression of an array, as the JSON list that a field called `...[]` holds."""
    return f"array_to_json({array})"


def unordered(array: str) -> str:
    """Return the expression of an array whose order means nothing, and is another one in a restored database."""
    ordered = f"(SELECT array_agg(item ORDER BY item) FROM unnest({array}) item)"
    return f"CASE WHEN {array} IS NOT NULL THEN {ordered} END"


def fires(column: str) -> str:
    """Return the expression that says when a trigger or rule fires, if not as usual."""
    return f"""CASE {column} WHEN 'D' THEN 'disabled' WHEN 'R' THEN 'replica only'
        WHEN 'A' THEN 'always' END"""
