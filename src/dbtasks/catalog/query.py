"""The one statement that reads a catalog: its frame, and the parts that it is put together from."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

SERVER = -1

# The statement must pass every driver as it is: it holds no percent sign, and no colon but `::`.
#
# What PostgreSQL prints depends on the session: on search_path above all. The first branch fixes
# those settings for this transaction, the last one puts back what they were; an Append runs its
# branches in order, and set_config() forbids a parallel plan. In autocommit the transaction is the
# statement. Objects from 16384 on were made after initdb.
_FRAME = """
WITH before AS MATERIALIZED (
    SELECT name, wanted, current_setting(name) AS old FROM (VALUES ('search_path', ''),
        ('TimeZone', 'UTC'), ('DateStyle', 'ISO, MDY'), ('IntervalStyle', 'postgres'),
        ('bytea_output', 'hex'), ('extra_float_digits', '1'), ('xmlbinary', 'base64'),
        ('quote_all_identifiers', 'off')) AS fixed (name, wanted)
), member AS MATERIALIZED (
    SELECT classid, objid FROM pg_depend
    WHERE refclassid = 'pg_extension'::regclass AND deptype = 'e'
), note AS MATERIALIZED (
    SELECT classoid, objoid, objsubid, description FROM pg_description WHERE objoid >= 16384
), place AS MATERIALIZED (
    SELECT oid, nspname, quote_ident(nspname) AS name FROM pg_namespace
    WHERE left(nspname, 3) <> 'pg_' AND nspname <> 'information_schema'
), rel AS MATERIALIZED (
    SELECT c.oid, c.relkind, c.relowner, c.reltablespace,
        place.name || '.' || quote_ident(c.relname) AS name
    FROM pg_class c JOIN place ON place.oid = c.relnamespace
    WHERE c.oid >= 16384 AND c.relpersistence <> 't'
        AND (c.oid) NOT IN (SELECT objid FROM member WHERE classid = 'pg_class'::regclass)
), typ AS MATERIALIZED (
    SELECT t.*, place.name || '.' || quote_ident(t.typname) AS name
    FROM pg_type t JOIN place ON place.oid = t.typnamespace
        LEFT JOIN pg_class c ON c.oid = t.typrelid
    WHERE t.oid >= 16384 AND t.typtype IN ('b', 'c', 'd', 'e', 'p', 'r')
        AND t.typsubscript <> 'array_subscript_handler'::regproc
        AND (t.typtype <> 'c' OR c.relkind = 'c')
        AND t.oid NOT IN (SELECT objid FROM member WHERE classid = 'pg_type'::regclass)
)
SELECT -1, set_config(name, wanted, true), NULL::text[] FROM before
UNION ALL SELECT -1, current_setting('server_version_num'), ARRAY['major']
{parts}
UNION ALL SELECT -1, set_config(name, old, true), NULL::text[] FROM before
"""


@dataclass(frozen=True, kw_only=True)
class Part:
    """What is read of one kind of object: `key` and the values of `fields` are SQL expressions.

    A value that is NULL stands for what needs no word. A field called `grants` holds what
    `grants()` makes; one whose name ends in `[]` holds a JSON list.
    """

    key: str
    fields: Mapping[str, str]
    source: str

    def sql(self, number: int) -> str:
        """Return the part's branch of the statement."""
        values = ", ".join(f"({value})::text" for value in self.fields.values())
        return f"UNION ALL SELECT {number}, {self.key}, ARRAY[{values}] FROM {self.source}"


def statement(parts: Sequence[Part]) -> str:
    """Return the statement that reads all parts; its rows are part's number, key, values."""
    return _FRAME.format(parts="\n".join(part.sql(number) for number, part in enumerate(parts)))


def comment(catalog: str, oid: str, column: str = "0") -> str:
    """Return the join that finds an object's comment, as `note.description`."""
    return (
        f" LEFT JOIN note ON note.objoid = {oid} AND note.classoid = '{catalog}'::regclass"
        f" AND note.objsubid = {column}"
    )


def grants(acl: str, default: str, full: str | None = None) -> str:
    """Return the expression of an ACL that was set: JSON of it, of the default, of everything."""
    lists = ", ".join(f"({items})::text[]" for items in (acl, default, full or default))
    return f"CASE WHEN {acl} IS NOT NULL THEN json_build_array({lists}) END"


def not_of_extension(catalog: str, oid: str) -> str:
    """Return the condition that an object belongs to no extension."""
    return f"{oid} NOT IN (SELECT objid FROM member WHERE classid = '{catalog}'::regclass)"


def owner(oid: str) -> str:
    """Return the expression of an owner's name."""
    return f"quote_ident(pg_get_userbyid({oid}))"


def json_list(array: str) -> str:
    """Return the expression of an array, as the JSON list that a field called `...[]` holds."""
    return f"array_to_json({array})"
