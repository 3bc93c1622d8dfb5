"""What hangs on an enum besides columns, and so has to go while the type is made anew.

PostgreSQL refuses to retype a column that a view, a trigger or a policy names. Of constraints and
indexes it makes its own copies, which fail where one side has the new type and the other still the old.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import sqlalchemy

from dbtasks.drift.enum_change import Dependent

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from sqlalchemy import Connection

# Everything that depends on an enum, on its array, or on a column of either.
_TOUCHED = """
WITH RECURSIVE touched AS (
    SELECT t.oid AS enum, p.classid, p.objid, p.objsubid FROM pg_type t
        JOIN pg_depend p ON p.refclassid = 'pg_type'::regclass AND p.refobjid IN (t.oid, t.typarray)
        WHERE t.typtype = 'e'
    UNION SELECT t.oid, p.classid, p.objid, p.objsubid FROM pg_type t
        JOIN pg_attribute a ON a.atttypid IN (t.oid, t.typarray) AND NOT a.attisdropped
        JOIN pg_depend p ON p.refclassid = 'pg_class'::regclass
            AND p.refobjid = a.attrelid AND p.refobjsubid = a.attnum
        WHERE t.typtype = 'e'
)"""
# Grants by name; all of them are one, since majors differ in what there is to grant.
_GRANTS = """
    array(SELECT format('GRANT %s ON %s TO %s%s',
            CASE WHEN count(*) = (SELECT count(*) FROM aclexplode(acldefault('r', c.relowner)))
                THEN 'ALL' ELSE string_agg(x.privilege_type, ', ' ORDER BY x.privilege_type) END,
            c.oid::regclass,
            CASE x.grantee WHEN 0 THEN 'PUBLIC' ELSE quote_ident(pg_get_userbyid(x.grantee)) END,
            CASE WHEN x.is_grantable THEN ' WITH GRANT OPTION' ELSE '' END)
        FROM aclexplode(c.relacl) x WHERE x.grantee <> c.relowner
        GROUP BY x.grantee, x.is_grantable ORDER BY 1)
"""
_TRIGGER = """
    pg_get_triggerdef(g.oid) || CASE g.tgenabled WHEN 'O' THEN '' ELSE
        format('; ALTER TABLE %s %s TRIGGER %I', g.tgrelid::regclass, CASE g.tgenabled
            WHEN 'D' THEN 'DISABLE' WHEN 'R' THEN 'ENABLE REPLICA' ELSE 'ENABLE ALWAYS' END, g.tgname) END
"""
_VIEWS = f""", needed AS (
    SELECT d.enum, r.ev_class AS view, 1 AS depth FROM touched d
        JOIN pg_rewrite r ON d.classid = 'pg_rewrite'::regclass AND d.objid = r.oid
    UNION SELECT n.enum, r.ev_class, n.depth + 1 FROM needed n
        JOIN pg_depend p ON p.refclassid = 'pg_class'::regclass AND p.refobjid = n.view
        JOIN pg_rewrite r ON p.classid = 'pg_rewrite'::regclass AND p.objid = r.oid
        WHERE r.ev_class <> n.view
)
SELECT n.enum, c.relname AS name, c.oid::regclass::text AS table,
    format('DROP %s %s', k.kind, c.oid::regclass) AS drop,
    array[format('CREATE %s %s%s AS %s%s', k.kind, c.oid::regclass,
        ' WITH (' || array_to_string(c.reloptions, ', ') || ')',
        rtrim(btrim(pg_get_viewdef(c.oid), E' \\n'), ';'),
        CASE WHEN c.relispopulated THEN '' ELSE ' WITH NO DATA' END)]
    || array(SELECT pg_get_indexdef(i.indexrelid) FROM pg_index i WHERE i.indrelid = c.oid ORDER BY 1)
    || array(SELECT {_TRIGGER} FROM pg_trigger g WHERE g.tgrelid = c.oid AND NOT g.tgisinternal ORDER BY 1)
    || array(SELECT format('COMMENT ON %s %s IS %L', k.kind, c.oid::regclass, t.description)
        FROM pg_description t
        WHERE t.classoid = 'pg_class'::regclass AND t.objoid = c.oid AND t.objsubid = 0)
    || {_GRANTS} AS create
FROM (SELECT enum, view, max(depth) AS depth FROM needed GROUP BY enum, view) n
    JOIN pg_class c ON c.oid = n.view
    JOIN (VALUES ('v', 'VIEW'), ('m', 'MATERIALIZED VIEW')) AS k(relkind, kind) ON k.relkind = c.relkind
ORDER BY n.depth DESC, 3
"""  # noqa: S608  nothing but our own text
_TRIGGERS = f"""
SELECT DISTINCT d.enum, g.tgname AS name, g.tgrelid::regclass::text AS table,
    format('DROP TRIGGER %I ON %s', g.tgname, g.tgrelid::regclass) AS drop, array[{_TRIGGER}] AS create
FROM touched d JOIN pg_trigger g ON d.classid = 'pg_trigger'::regclass AND d.objid = g.oid
    JOIN pg_class c ON c.oid = g.tgrelid AND c.relkind IN ('r', 'p')
WHERE NOT g.tgisinternal AND g.tgparentid = 0 ORDER BY 3, 2
"""  # noqa: S608  nothing but our own text
_POLICIES = """
SELECT DISTINCT d.enum, o.polname AS name, o.polrelid::regclass::text AS table,
    format('DROP POLICY %I ON %s', o.polname, o.polrelid::regclass) AS drop,
    array[format('CREATE POLICY %I ON %s AS %s FOR %s TO %s%s%s', o.polname, o.polrelid::regclass,
        CASE WHEN o.polpermissive THEN 'PERMISSIVE' ELSE 'RESTRICTIVE' END,
        CASE o.polcmd WHEN 'r' THEN 'SELECT' WHEN 'a' THEN 'INSERT' WHEN 'w' THEN 'UPDATE'
            WHEN 'd' THEN 'DELETE' ELSE 'ALL' END,
        (SELECT string_agg(CASE one WHEN 0 THEN 'PUBLIC' ELSE quote_ident(pg_get_userbyid(one)) END, ', ')
            FROM unnest(o.polroles) one),
        ' USING (' || pg_get_expr(o.polqual, o.polrelid) || ')',
        ' WITH CHECK (' || pg_get_expr(o.polwithcheck, o.polrelid) || ')')] AS create
FROM touched d JOIN pg_policy o ON d.classid = 'pg_policy'::regclass AND d.objid = o.oid ORDER BY 3, 2
"""
# An index of an exclusion constraint belongs to the constraint.
_CONSTRAINTS = """
SELECT DISTINCT d.enum, o.contype <> 'f' AS later, o.conname AS name, o.conrelid::regclass::text AS table,
    format('ALTER TABLE %s DROP CONSTRAINT %I', o.conrelid::regclass, o.conname) AS drop,
    array[format('ALTER TABLE %s ADD CONSTRAINT %I %s', o.conrelid::regclass, o.conname,
        pg_get_constraintdef(o.oid))] AS create
FROM touched d JOIN pg_constraint o
    ON d.classid = 'pg_constraint'::regclass AND d.objid = o.oid
    OR d.classid = 'pg_class'::regclass AND d.objid = o.conindid AND o.contype = 'x'
WHERE o.contype IN ('c', 'f', 'x') AND o.conrelid <> 0 AND o.conparentid = 0
    AND (o.contype <> 'c' OR o.coninhcount = 0)
ORDER BY 2, 4, 3
"""
_INDEXES = """
SELECT DISTINCT d.enum, c.relname AS name, i.indrelid::regclass::text AS table,
    format('DROP INDEX %s', c.oid::regclass) AS drop, array[pg_get_indexdef(c.oid)] AS create
FROM touched d JOIN pg_class c ON d.classid = 'pg_class'::regclass AND d.objid = c.oid
    JOIN pg_index i ON i.indexrelid = c.oid
    JOIN pg_class r ON r.oid = i.indrelid AND r.relkind IN ('r', 'p')
WHERE (i.indexprs IS NOT NULL OR i.indpred IS NOT NULL) AND NOT c.relispartition
    AND NOT EXISTS (SELECT FROM pg_constraint o WHERE o.conindid = c.oid AND o.contype = 'x')
ORDER BY 3, 2
"""
_OBSTACLES = """
SELECT DISTINCT d.enum, pg_describe_object(d.classid, d.objid, d.objsubid) AS what
FROM touched d
WHERE d.classid IN ('pg_proc'::regclass, 'pg_cast'::regclass, 'pg_operator'::regclass)
    OR EXISTS (SELECT FROM pg_type t WHERE d.classid = 'pg_type'::regclass AND t.oid = d.objid
        AND t.typtype = 'd')
    OR EXISTS (SELECT FROM pg_class c WHERE d.classid = 'pg_class'::regclass AND c.oid = d.objid
        AND c.relkind IN ('c', 'f'))
    OR EXISTS (SELECT FROM pg_attrdef f JOIN pg_attribute a ON a.attrelid = f.adrelid AND a.attnum = f.adnum
        WHERE d.classid = 'pg_attrdef'::regclass AND f.oid = d.objid AND a.attgenerated <> '')
ORDER BY 2
"""
# In the order in which they are dropped.
_QUERIES = (_VIEWS, _TRIGGERS, _POLICIES, _CONSTRAINTS, _INDEXES)


def read_dependents(connection: Connection) -> Mapping[int, Sequence[Dependent]]:
    """Return what has to be dropped before an enum is made anew, in that order, by the type's oid."""
    found: dict[int, list[Dependent]] = {}
    for query in _QUERIES:
        for row in connection.execute(sqlalchemy.text(_TOUCHED + query)).mappings():
            found.setdefault(row["enum"], []).append(
                Dependent(
                    name=row["name"],
                    table=row["table"],
                    drop=row["drop"],
                    create=tuple(row["create"]),
                )
            )
    return found


def read_obstacles(connection: Connection) -> Mapping[int, Sequence[str]]:
    """Return what keeps an enum from being made anew and is left to people, by the type's oid."""
    found: dict[int, list[str]] = {}
    for row in connection.execute(sqlalchemy.text(_TOUCHED + _OBSTACLES)).mappings():
        found.setdefault(row["enum"], []).append(row["what"])
    return found
