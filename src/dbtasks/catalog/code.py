"""Types and routines."""

from __future__ import annotations

from dbtasks.catalog.query import Part, comment, grants, not_of_extension, owner

_TYPE = {
    "owner": owner("typ.typowner"),
    "grants": grants("typ.typacl", "acldefault('T', typ.typowner)"),
    "comment": "note.description",
}

ENUMS = Part(
    key="'enum ' || typ.name",
    fields={
        "values[]": "coalesce(e.labels, '[]')",
        **_TYPE,
    },
    source="typ LEFT JOIN (SELECT enumtypid, json_agg(enumlabel ORDER BY enumsortorder) AS labels"
    " FROM pg_enum GROUP BY enumtypid) AS e ON e.enumtypid = typ.oid"
    + comment("pg_type", "typ.oid")
    + " WHERE typ.typtype = 'e'",
)

DOMAINS = Part(
    key="'domain ' || typ.name",
    fields={
        "type": "format_type(typ.typbasetype, typ.typtypmod)",
        "nullable": "CASE WHEN typ.typnotnull THEN 'false' ELSE 'true' END",
        "default": "coalesce(pg_get_expr(typ.typdefaultbin, 0), typ.typdefault)",
        "collation": """CASE WHEN typ.typcollation NOT IN (0, base.typcollation)
            THEN typ.typcollation::regcollation END""",
        **_TYPE,
    },
    source="typ JOIN pg_type base ON base.oid = typ.typbasetype"
    + comment("pg_type", "typ.oid")
    + " WHERE typ.typtype = 'd'",
)

TYPES = Part(
    key="'type ' || typ.name",
    fields={
        "kind": """CASE typ.typtype WHEN 'c' THEN 'composite' WHEN 'r' THEN 'range'
            WHEN 'p' THEN 'shell' ELSE 'base' END""",
        "subtype": "format_type(r.rngsubtype, NULL)",
        "multirange": "CASE WHEN r.rngmultitypid IS NOT NULL THEN r.rngmultitypid::regtype END",
        "operator class": """(SELECT n.nspname || '.' || k.opcname FROM pg_opclass k
            JOIN pg_namespace n ON n.oid = k.opcnamespace WHERE k.oid = r.rngsubopc)""",
        "collation": "CASE WHEN r.rngcollation <> 0 THEN r.rngcollation::regcollation END",
        "canonical": "CASE WHEN r.rngcanonical <> 0 THEN r.rngcanonical::regproc END",
        "difference": "CASE WHEN r.rngsubdiff <> 0 THEN r.rngsubdiff::regproc END",
        "input": "CASE WHEN typ.typtype = 'b' THEN typ.typinput::regprocedure END",
        "output": "CASE WHEN typ.typtype = 'b' THEN typ.typoutput::regprocedure END",
        **_TYPE,
    },
    source="typ LEFT JOIN pg_range r ON r.rngtypid = typ.oid"
    + comment("pg_type", "typ.oid")
    + " WHERE typ.typtype IN ('b', 'c', 'p', 'r')",
)

# A range type's constructors depend on it internally: they say nothing that the type does not.
ROUTINES = Part(
    key="""CASE p.prokind WHEN 'a' THEN 'aggregate ' WHEN 'p' THEN 'procedure ' ELSE 'function ' END
        || p.oid::regprocedure""",
    fields={
        "owner": owner("p.proowner"),
        "arguments": "CASE WHEN p.prokind = 'a' THEN pg_get_function_arguments(p.oid) END",
        "result": "CASE WHEN p.prokind = 'a' THEN pg_get_function_result(p.oid) END",
        "definition": """CASE WHEN p.prokind <> 'a' THEN pg_get_functiondef(p.oid)
            ELSE (to_jsonb(g) - 'aggfnoid' || jsonb_build_object('parallel', p.proparallel,
                'aggtranstype', g.aggtranstype::regtype, 'aggmtranstype', g.aggmtranstype::regtype,
                'aggsortop', g.aggsortop::regoperator))::text END""",
        "grants": grants("p.proacl", "acldefault('f', p.proowner)"),
        "comment": "note.description",
    },
    source="pg_proc p JOIN place ON place.oid = p.pronamespace"
    " LEFT JOIN pg_aggregate g ON g.aggfnoid = p.oid AND p.prokind = 'a'"
    + comment("pg_proc", "p.oid")
    + f" WHERE p.oid >= 16384 AND {not_of_extension('pg_proc', 'p.oid')}"
    " AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.classid = 'pg_proc'::regclass"
    " AND d.objid = p.oid AND d.deptype = 'i')",
)

PARTS = (ENUMS, DOMAINS, TYPES, ROUTINES)
