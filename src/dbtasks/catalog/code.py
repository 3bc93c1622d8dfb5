"""Types and routines."""

from __future__ import annotations

from dbtasks.catalog.query import SCHEMA, TYPE, Part, grants, owner

_TYPE = {
    "owner": owner("t.typowner"),
    "grants": grants("t.typacl", "acldefault('T', t.typowner)"),
}

ENUMS = Part(
    catalog=TYPE,
    oid="t.oid",
    parent_in=SCHEMA,
    parent="t.typnamespace",
    kind="'enum'",
    name="quote_ident(t.typname)",
    fields={
        "values[]": """(SELECT coalesce(json_agg(e.enumlabel ORDER BY e.enumsortorder), '[]')
            FROM pg_enum e WHERE e.enumtypid = t.oid)""",
        **_TYPE,
    },
    source="pg_type t WHERE t.oid >= 16384 AND t.typtype = 'e'",
)

DOMAINS = Part(
    catalog=TYPE,
    oid="t.oid",
    parent_in=SCHEMA,
    parent="t.typnamespace",
    kind="'domain'",
    name="quote_ident(t.typname)",
    fields={
        "type": "format_type(t.typbasetype, t.typtypmod)",
        "nullable": "CASE WHEN t.typnotnull THEN 'false' ELSE 'true' END",
        "default": "coalesce(pg_get_expr(t.typdefaultbin, 0), t.typdefault)",
        "collation": """CASE WHEN t.typcollation NOT IN (0, base.typcollation)
            THEN t.typcollation::regcollation END""",
        **_TYPE,
    },
    source="pg_type t JOIN pg_type base ON base.oid = t.typbasetype"
    " WHERE t.oid >= 16384 AND t.typtype = 'd'",
    superset="pg_type WHERE oid >= 16384 AND typtype = 'd'",
)

TYPES = Part(
    catalog=TYPE,
    oid="t.oid",
    parent_in=SCHEMA,
    parent="t.typnamespace",
    kind="'type'",
    name="quote_ident(t.typname)",
    fields={
        "kind": """CASE t.typtype WHEN 'r' THEN 'range' WHEN 'p' THEN 'shell' ELSE 'base' END""",
        "subtype": "format_type(r.rngsubtype, NULL)",
        "multirange": "CASE WHEN r.rngmultitypid IS NOT NULL THEN r.rngmultitypid::regtype END",
        "operator class": """(SELECT n.nspname || '.' || k.opcname FROM pg_opclass k
            JOIN pg_namespace n ON n.oid = k.opcnamespace WHERE k.oid = r.rngsubopc)""",
        "collation": "CASE WHEN r.rngcollation <> 0 THEN r.rngcollation::regcollation END",
        "canonical": "CASE WHEN r.rngcanonical <> 0 THEN r.rngcanonical::regproc END",
        "difference": "CASE WHEN r.rngsubdiff <> 0 THEN r.rngsubdiff::regproc END",
        "input": "CASE WHEN t.typtype = 'b' THEN t.typinput::regprocedure END",
        "output": "CASE WHEN t.typtype = 'b' THEN t.typoutput::regprocedure END",
        **_TYPE,
    },
    source="pg_type t LEFT JOIN pg_range r ON r.rngtypid = t.oid"
    " WHERE t.oid >= 16384 AND t.typtype IN ('b', 'p', 'r')"
    " AND t.typsubscript <> 'array_subscript_handler'::regproc",
)

# A range type's constructors depend on it internally: they say nothing that the type does not.
ROUTINES = Part(
    catalog="pg_proc",
    oid="p.oid",
    parent_in=SCHEMA,
    parent="p.pronamespace",
    qualified=True,
    kind="""CASE p.prokind WHEN 'a' THEN 'aggregate' WHEN 'p' THEN 'procedure'
        ELSE 'function' END""",
    name="p.oid::regprocedure::text",
    fields={
        "owner": owner("p.proowner"),
        "arguments": "CASE WHEN p.prokind = 'a' THEN pg_get_function_arguments(p.oid) END",
        "result": "CASE WHEN p.prokind = 'a' THEN pg_get_function_result(p.oid) END",
        "definition": """CASE WHEN p.prokind <> 'a' THEN pg_get_functiondef(p.oid)
            ELSE (to_jsonb(g) - 'aggfnoid' || jsonb_build_object('parallel', p.proparallel,
                'aggtranstype', g.aggtranstype::regtype, 'aggmtranstype', g.aggmtranstype::regtype,
                'aggsortop', g.aggsortop::regoperator))::text END""",
        "grants": grants("p.proacl", "acldefault('f', p.proowner)"),
    },
    source="pg_proc p LEFT JOIN pg_aggregate g ON g.aggfnoid = p.oid"
    " WHERE p.oid >= 16384 AND NOT EXISTS (SELECT FROM pg_depend d"
    " WHERE d.classid = 'pg_proc'::regclass AND d.objid = p.oid AND d.deptype = 'i')",
    superset="pg_proc WHERE oid >= 16384",
)

PARTS = (ENUMS, DOMAINS, TYPES, ROUTINES)
