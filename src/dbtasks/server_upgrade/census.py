"""What a database holds beside its catalog: rows, sequences, large objects, its own settings.

Each part is a mapping of what was counted to what was found, both as text, so that two of them can
be compared and a difference can be told.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from psycopg import sql

from dbtasks import maintenance
from dbtasks.catalog import Fingerprint, changes, normalised, read

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import Any

    import psycopg

    from dbtasks.url import DatabaseURL

_NOT_OURS = """
    n.nspname !~ '^pg_' AND n.nspname <> 'information_schema' AND c.relpersistence <> 't'
    AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.classid = 'pg_class'::regclass
                    AND d.objid = c.oid AND d.deptype = 'e')
"""
_RELATIONS = f"""
    SELECT n.nspname, c.relname, c.relkind::text FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE c.relkind IN ('r', 'S', 'm') AND {_NOT_OURS} ORDER BY n.nspname, c.relname
"""
_ANY_RELATION = f"""
    SELECT EXISTS (SELECT FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE {_NOT_OURS})
"""
_POPULATED = f"""
    SELECT format('%I.%I', n.nspname, c.relname), c.relispopulated::text
    FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE c.relkind = 'm' AND {_NOT_OURS}
"""
# By their bytes, not by their pages: a page that was never written is full of zeros in a restored one.
_LARGE_OBJECTS = """
    SELECT m.oid::text, concat_ws(', ', m.lomowner::regrole, (
        SELECT string_agg(concat_ws(' ', x.grantee::regrole, x.privilege_type, x.is_grantable), ' ' ORDER BY x)
        FROM aclexplode(m.lomacl) x),
        CASE WHEN size.bytes < 500000000 THEN md5(lo_get(m.oid)) END, size.bytes)
    FROM pg_largeobject_metadata m CROSS JOIN LATERAL (
        SELECT coalesce(max(l.pageno * 2048::bigint + length(l.data)), 0) AS bytes
        FROM pg_largeobject l WHERE l.loid = m.oid) AS size ORDER BY m.oid
"""
_DATABASE = """
    SELECT key, value FROM pg_database d CROSS JOIN LATERAL (VALUES
        ('owner', d.datdba::regrole::text),
        ('encoding', pg_encoding_to_char(d.encoding)),
        ('collation', d.datcollate),
        ('character type', d.datctype),
        ('connection limit', d.datconnlimit::text),
        ('comment', shobj_description(d.oid, 'pg_database')),
        ('grants', (SELECT string_agg(concat_ws(' ', CASE x.grantee WHEN 0 THEN 'PUBLIC' ELSE x.grantee::regrole::text END,
                                                x.privilege_type, x.is_grantable), ', ' ORDER BY
                                      x.grantee::regrole::text, x.privilege_type)
                    FROM aclexplode(coalesce(d.datacl, acldefault('d', d.datdba))) x))
    ) AS v (key, value) WHERE d.datname = current_database()
    UNION ALL
    SELECT 'settings of ' || CASE s.setrole WHEN 0 THEN 'everybody' ELSE s.setrole::regrole::text END,
           array_to_string(ARRAY(SELECT unnest(s.setconfig) ORDER BY 1), ', ')
    FROM pg_db_role_setting s JOIN pg_database d ON d.oid = s.setdatabase AND d.datname = current_database()
"""
_ROLES = """
    SELECT r.rolname, concat_ws(', ',
        CASE WHEN rolsuper THEN 'superuser' END, CASE WHEN NOT rolinherit THEN 'noinherit' END,
        CASE WHEN rolcreaterole THEN 'createrole' END, CASE WHEN rolcreatedb THEN 'createdb' END,
        CASE WHEN rolcanlogin THEN 'login' END, CASE WHEN rolreplication THEN 'replication' END,
        CASE WHEN rolbypassrls THEN 'bypassrls' END, 'limit ' || rolconnlimit,
        'until ' || extract(epoch FROM rolvaliduntil)::text, 'password ' || md5(rolpassword),
        (SELECT 'member of ' || string_agg(DISTINCT g.rolname, ' ' ORDER BY g.rolname) FROM pg_auth_members m
         JOIN pg_roles g ON g.oid = m.roleid WHERE m.member = r.oid),
        (SELECT 'settings ' || array_to_string(ARRAY(SELECT unnest(s.setconfig) ORDER BY 1), ', ')
         FROM pg_db_role_setting s WHERE s.setrole = r.oid AND s.setdatabase = 0))
    FROM pg_authid r WHERE r.rolname !~ '^pg_' ORDER BY r.rolname
"""
_OTHERS = """
    SELECT datname FROM pg_database
    WHERE NOT datistemplate AND datallowconn AND datconnlimit <> -2
      AND datname !~ '^dbtasks_(template|throwaway|compared)_' ORDER BY datname
"""


@dataclass(frozen=True, kw_only=True)
class Census:
    """One database: its catalog, and what was counted in it."""

    fingerprint: Fingerprint
    rows: Mapping[str, str]
    sequences: Mapping[str, str]
    large_objects: Mapping[str, str]
    materialized_views: Mapping[str, str]
    database: Mapping[str, str]


def take(connection: psycopg.Connection, tell: Callable[[str], None]) -> Census:
    """Count what is in a database; `tell` is told of each table."""
    rows, sequences = {}, {}
    for schema, name, kind in connection.execute(_RELATIONS).fetchall():
        relation, text = sql.Identifier(schema, name), f"{_quoted(schema)}.{_quoted(name)}"
        if kind == "r":
            tell(text)
            query = sql.SQL("SELECT count(*)::text FROM ONLY {}").format(relation)
            rows[text] = str(_one(connection, query))
        elif kind == "S":
            last = sql.SQL("SELECT format('%s, %s', last_value, is_called) FROM {}")
            sequences[text] = str(_one(connection, last.format(relation)))
    return Census(
        fingerprint=normalised(read(lambda text: connection.execute(text.encode()))),
        rows=rows,
        sequences=sequences,
        large_objects=_pairs(connection, _LARGE_OBJECTS),
        materialized_views=_pairs(connection, _POPULATED),
        database=_pairs(connection, _DATABASE),
    )


def differences(old: Census, new: Census) -> list[str]:
    """Say what the new database has otherwise than the old one, a line each."""
    found = [str(change) for change in changes(old.fingerprint, new.fingerprint)]
    for part, was, now in (
        ("rows of", old.rows, new.rows),
        ("sequence", old.sequences, new.sequences),
        ("large object", old.large_objects, new.large_objects),
        ("populated materialized view", old.materialized_views, new.materialized_views),
        ("database's", old.database, new.database),
    ):
        found += differing(part, was, now)
    return found


def differing(part: str, was: Mapping[str, str], now: Mapping[str, str]) -> list[str]:
    """Say what differs between two mappings."""
    return [
        f"{part} {key}: was {was.get(key, 'nothing')}, is {now.get(key, 'nothing')}"
        for key in sorted(was.keys() | now.keys())
        if was.get(key) != now.get(key)
    ]


def roles(connection: psycopg.Connection) -> dict[str, str]:
    """Return the roles of a server with what they may; passwords as digests of their verifiers."""
    return _pairs(connection, _ROLES)


def databases(url: DatabaseURL) -> list[str]:
    """Return the databases of a server that hold something of somebody's: not `postgres` if it is empty."""
    with maintenance.connect_any(url) as connection:
        names = [row[0] for row in connection.execute(_OTHERS)]
    return [
        name
        for name in names
        if name == url.database or name != "postgres" or _has_relations(url.with_database(name))
    ]


def missing_extensions(old: psycopg.Connection, new: psycopg.Connection) -> list[str]:
    """Return the extensions of a database that the new server does not offer."""
    used = [row[0] for row in old.execute("SELECT extname FROM pg_extension ORDER BY extname")]
    offered = {row[0] for row in new.execute("SELECT name FROM pg_available_extensions")}
    return [name for name in used if name not in offered]


def is_empty(url: DatabaseURL) -> bool:
    """Tell whether no database of a server has a table or anything like one."""
    with maintenance.connect_any(url) as connection:
        names = [row[0] for row in connection.execute(_OTHERS)]
    return not any(_has_relations(url.with_database(name)) for name in names)


def _has_relations(url: DatabaseURL) -> bool:
    with maintenance.connect(url) as connection:
        return bool(_one(connection, sql.SQL(_ANY_RELATION).format()))


def _pairs(connection: psycopg.Connection, query: str) -> dict[str, str]:
    rows = connection.execute(query.encode()).fetchall()
    return {str(key): str(value) for key, value in rows if value is not None}


def _one(connection: psycopg.Connection, query: sql.Composed) -> Any:
    row = connection.execute(query).fetchone()
    assert row is not None
    return row[0]


def _quoted(name: str) -> str:
    return name if name.isidentifier() and name.islower() else '"' + name.replace('"', '""') + '"'
