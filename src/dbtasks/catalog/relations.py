"""Tables, views and sequences, and what hangs on them."""

from __future__ import annotations

from dbtasks.catalog.query import (
    RELATION,
    SCHEMA,
    TYPE,
    Part,
    fires,
    grants,
    json_list,
    owner,
    unordered,
)

_TABLESPACE = """CASE WHEN {0}.reltablespace <> 0 THEN
    (SELECT quote_ident(spcname) FROM pg_tablespace WHERE oid = {0}.reltablespace) END"""

TABLES = Part(
    catalog=RELATION,
    oid="c.oid",
    parent_in=SCHEMA,
    parent="c.relnamespace",
    kind="""CASE c.relkind WHEN 'v' THEN 'view' WHEN 'm' THEN 'materialized view'
        WHEN 'f' THEN 'foreign table' ELSE 'table' END""",
    name="quote_ident(c.relname)",
    fields={
        "owner": owner("c.relowner"),
        "definition": "CASE WHEN c.relkind IN ('v', 'm') THEN pg_get_viewdef(c.oid) END",
        "partitioned by": "CASE WHEN c.relkind = 'p' THEN pg_get_partkeydef(c.oid) END",
        "partition": "CASE WHEN c.relispartition THEN pg_get_expr(c.relpartbound, c.oid) END",
        "inherits[]": """(SELECT json_agg(h.inhparent::regclass ORDER BY h.inhseqno)
            FROM pg_inherits h WHERE h.inhrelid = c.oid)""",
        "of type": "CASE WHEN c.reloftype <> 0 THEN c.reloftype::regtype END",
        "unlogged": "CASE WHEN c.relpersistence = 'u' THEN 'true' END",
        "options[]": json_list("c.reloptions"),
        "toast options[]": json_list("toast.reloptions"),
        "tablespace": """CASE WHEN c.reltablespace <> 0 THEN
            (SELECT quote_ident(spcname) FROM pg_tablespace WHERE oid = c.reltablespace) END""",
        "access method": """CASE WHEN c.relam NOT IN (0, 2) THEN
            (SELECT quote_ident(amname) FROM pg_am WHERE oid = c.relam) END""",
        "replica identity": """CASE WHEN c.relkind NOT IN ('v', 'f') THEN CASE c.relreplident
            WHEN 'n' THEN 'nothing' WHEN 'f' THEN 'full' WHEN 'i' THEN 'index' END END""",
        "row security": """CASE WHEN c.relrowsecurity AND c.relforcerowsecurity THEN 'forced'
            WHEN c.relrowsecurity THEN 'enabled'
            WHEN c.relforcerowsecurity THEN 'forced, not enabled' END""",
        "server": "quote_ident(s.srvname)",
        "server options[]": json_list(unordered("f.ftoptions")),
        "grants": grants("c.relacl", "acldefault('r', c.relowner)"),
    },
    source="pg_class c LEFT JOIN pg_class toast ON toast.oid = c.reltoastrelid"
    " LEFT JOIN pg_foreign_table f ON f.ftrelid = c.oid"
    " LEFT JOIN pg_foreign_server s ON s.oid = f.ftserver"
    " WHERE c.oid >= 16384 AND c.relkind IN ('r', 'p', 'v', 'm', 'f') AND c.relpersistence <> 't'",
)

COMPOSITES = Part(
    catalog=RELATION,
    oid="c.oid",
    parent_in=SCHEMA,
    parent="c.relnamespace",
    kind="'type'",
    name="quote_ident(c.relname)",
    fields={
        "kind": "'composite'",
        "owner": owner("t.typowner"),
        "grants": grants("t.typacl", "acldefault('T', t.typowner)"),
        "comment": "obj_description(t.oid, 'pg_type')",
    },
    source="pg_class c JOIN pg_type t ON t.oid = c.reltype"
    " WHERE c.oid >= 16384 AND c.relkind = 'c' AND NOT EXISTS (SELECT FROM pg_depend d"
    " WHERE d.classid = 'pg_type'::regclass AND d.objid = t.oid AND d.deptype = 'e')",
    superset="pg_class WHERE oid >= 16384 AND relkind = 'c'",
)

# Only what is generated names columns, and has to know the relation, which takes as long as all else.
_EXPRESSION = """(SELECT pg_get_expr(d.adbin, {}) FROM pg_attrdef d
    WHERE d.adrelid = a.attrelid AND d.adnum = a.attnum)"""
_DEFAULT, _GENERATED = _EXPRESSION.format("0"), _EXPRESSION.format("d.adrelid")

COLUMNS = Part(
    catalog=RELATION,
    oid="c.oid",
    sub="a.attnum",
    parent_in=RELATION,
    parent="c.oid",
    kind="'column'",
    name="quote_ident(a.attname)",
    fields={
        "type": "format_type(a.atttypid, a.atttypmod)",
        "nullable": "CASE WHEN a.attnotnull THEN 'false' ELSE 'true' END",
        "default": f"CASE WHEN a.atthasdef AND a.attgenerated = '' THEN {_DEFAULT} END",
        "generated": f"""CASE a.attgenerated WHEN 's' THEN 'stored ' || {_GENERATED}
            WHEN 'v' THEN 'virtual ' || {_GENERATED} END""",
        "identity": "CASE a.attidentity WHEN 'a' THEN 'always' WHEN 'd' THEN 'by default' END",
        # 100 is the default collation; the type is asked only of what is not usual
        "collation": """CASE WHEN a.attcollation NOT IN (0, 100) THEN
            (SELECT a.attcollation::regcollation FROM pg_type t
                WHERE t.oid = a.atttypid AND t.typcollation <> a.attcollation) END""",
        "storage": """CASE WHEN a.attstorage <> CASE WHEN a.attlen = -1 THEN 'x' ELSE 'p' END THEN
            (SELECT CASE a.attstorage WHEN 'p' THEN 'plain' WHEN 'e' THEN 'external'
                WHEN 'm' THEN 'main' ELSE 'extended' END FROM pg_type t
                WHERE t.oid = a.atttypid AND t.typstorage <> a.attstorage) END""",
        "compression": """CASE a.attcompression WHEN 'p' THEN 'pglz' WHEN 'l' THEN 'lz4'
            WHEN '' THEN NULL ELSE a.attcompression::text END""",
        "statistics": "CASE WHEN a.attstattarget >= 0 THEN a.attstattarget END",
        "options[]": json_list("a.attoptions"),
        "server options[]": json_list(unordered("a.attfdwoptions")),
        "inherited": "CASE WHEN a.attinhcount > 0 THEN 'true' END",
        "grants": grants(
            "a.attacl", "'{}'", "ARRAY['=arwx/' || quote_ident(pg_get_userbyid(c.relowner))]"
        ),
    },
    source="pg_class c WHERE c.oid >= 16384 AND c.relkind IN ('r', 'p', 'v', 'm', 'f', 'c')",
    items="pg_attribute a WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped",
)

SEQUENCES = Part(
    catalog=RELATION,
    oid="c.oid",
    parent_in=SCHEMA,
    parent="c.relnamespace",
    kind="'sequence'",
    name="quote_ident(c.relname)",
    fields={
        "owner": owner("c.relowner"),
        "type": "format_type(s.seqtypid, NULL)",
        "start": "s.seqstart",
        "increment": "s.seqincrement",
        "minimum": "s.seqmin",
        "maximum": "s.seqmax",
        "cache": "s.seqcache",
        "cycle": "s.seqcycle",
        "unlogged": "CASE WHEN c.relpersistence = 'u' THEN 'true' END",
        "owned by": "d.refobjid::regclass || '.' || quote_ident(d.attname)",
        "identity": "CASE WHEN d.deptype = 'i' THEN 'true' END",
        "grants": grants("c.relacl", "acldefault('s', c.relowner)"),
    },
    # OFFSET 0 keeps the planner from reading all of pg_depend
    source="pg_class c"
    " JOIN LATERAL (SELECT * FROM pg_sequence WHERE seqrelid = c.oid OFFSET 0) s ON true"
    " LEFT JOIN LATERAL (SELECT p.refobjid, p.deptype, a.attname FROM pg_depend p"
    " JOIN pg_attribute a ON a.attrelid = p.refobjid AND a.attnum = p.refobjsubid"
    " WHERE p.classid = 'pg_class'::regclass AND p.objid = c.oid AND p.objsubid = 0"
    " AND p.refclassid = 'pg_class'::regclass AND p.refobjsubid > 0"
    " AND p.deptype IN ('a', 'i') OFFSET 0) d ON true"
    " WHERE c.oid >= 16384 AND c.relkind = 'S' AND c.relpersistence <> 't'",
)

# The index of a constraint is part of the constraint; what a partitioned parent makes on its
# partitions (indexes, constraints, triggers) is told by the parent.
INDEXES = Part(
    catalog=RELATION,
    oid="i.indexrelid",
    parent_in=RELATION,
    parent="i.indrelid",
    parent_as="table",
    qualified=True,
    kind="'index'",
    name="i.indexrelid::regclass::text",
    fields={
        "definition": "pg_get_indexdef(i.indexrelid)",
        "valid": "CASE WHEN NOT i.indisvalid THEN 'false' END",
        "clustered": "CASE WHEN i.indisclustered THEN 'true' END",
        "replica identity": "CASE WHEN i.indisreplident THEN 'true' END",
        "tablespace": _TABLESPACE.format("c"),
    },
    source="pg_index i JOIN pg_class c ON c.oid = i.indexrelid AND NOT c.relispartition"
    " WHERE i.indexrelid >= 16384 AND NOT i.indisprimary AND NOT i.indisexclusion"
    " AND (NOT i.indisunique OR NOT EXISTS (SELECT FROM pg_constraint o"
    " WHERE o.conrelid = i.indrelid AND o.conindid = i.indexrelid AND o.contype = 'u'))",
)

CONSTRAINTS = Part(
    catalog="pg_constraint",
    oid="o.oid",
    parent_in=RELATION,
    parent="o.conrelid",
    kind="'constraint'",
    name="quote_ident(o.conname)",
    fields={
        "definition": "pg_get_constraintdef(o.oid)",
        "inherited": "CASE WHEN o.coninhcount > 0 THEN 'true' END",
        "clustered": "CASE WHEN i.indisclustered THEN 'true' END",
        "replica identity": "CASE WHEN i.indisreplident THEN 'true' END",
        "tablespace": _TABLESPACE.format("c"),
        "index comment": "n.description",
    },
    source="pg_constraint o"
    " LEFT JOIN pg_index i ON i.indexrelid = o.conindid AND o.contype IN ('p', 'u', 'x')"
    " LEFT JOIN pg_class c ON c.oid = i.indexrelid"
    " LEFT JOIN pg_description n ON n.objoid = i.indexrelid AND n.objsubid = 0"
    " AND n.classoid = 'pg_class'::regclass"
    " WHERE o.oid >= 16384 AND o.conrelid <> 0 AND o.conparentid = 0"
    " AND o.contype IN ('c', 'f', 'p', 'u', 'x')",
)

DOMAIN_CONSTRAINTS = Part(
    catalog="pg_constraint",
    oid="o.oid",
    parent_in=TYPE,
    parent="o.contypid",
    kind="'constraint'",
    name="quote_ident(o.conname)",
    fields={"definition": "pg_get_constraintdef(o.oid)"},
    source="pg_constraint o WHERE o.oid >= 16384 AND o.contypid <> 0 AND o.contype = 'c'",
)

TRIGGERS = Part(
    catalog="pg_trigger",
    oid="g.oid",
    parent_in=RELATION,
    parent="g.tgrelid",
    kind="'trigger'",
    name="quote_ident(g.tgname)",
    fields={
        "definition": "pg_get_triggerdef(g.oid)",
        "fires": fires("g.tgenabled"),
    },
    source="pg_trigger g WHERE NOT g.tgisinternal AND g.tgparentid = 0",
)

RULES = Part(
    catalog="pg_rewrite",
    oid="w.oid",
    parent_in=RELATION,
    parent="w.ev_class",
    kind="'rule'",
    name="quote_ident(w.rulename)",
    fields={
        "definition": "pg_get_ruledef(w.oid)",
        "fires": fires("w.ev_enabled"),
    },
    source="pg_rewrite w WHERE w.oid >= 16384 AND w.ev_type <> '1'",
)

POLICIES = Part(
    catalog="pg_policy",
    oid="y.oid",
    parent_in=RELATION,
    parent="y.polrelid",
    kind="'policy'",
    name="quote_ident(y.polname)",
    fields={
        "permissive": "CASE WHEN NOT y.polpermissive THEN 'false' END",
        "command": """CASE y.polcmd WHEN 'r' THEN 'select' WHEN 'a' THEN 'insert'
            WHEN 'w' THEN 'update' WHEN 'd' THEN 'delete' ELSE 'all' END""",
        "roles[]": """(SELECT json_agg(CASE WHEN role = 0 THEN 'PUBLIC'
            ELSE quote_ident(pg_get_userbyid(role)) END ORDER BY role <> 0, pg_get_userbyid(role))
            FROM unnest(y.polroles) AS role)""",
        "using": "pg_get_expr(y.polqual, y.polrelid)",
        "check": "pg_get_expr(y.polwithcheck, y.polrelid)",
    },
    source="pg_policy y",
)

STATISTICS = Part(
    catalog="pg_statistic_ext",
    oid="x.oid",
    parent_in=RELATION,
    parent="x.stxrelid",
    parent_as="table",
    qualified=True,
    kind="'statistics'",
    name="quote_ident(n.nspname) || '.' || quote_ident(x.stxname)",
    fields={
        "owner": owner("x.stxowner"),
        "definition": "pg_get_statisticsobjdef(x.oid)",
        "target": "CASE WHEN x.stxstattarget >= 0 THEN x.stxstattarget END",
    },
    source="pg_statistic_ext x JOIN pg_namespace n ON n.oid = x.stxnamespace",
    superset="pg_statistic_ext",
)

# parents first
PARTS = (
    TABLES,
    COMPOSITES,
    COLUMNS,
    SEQUENCES,
    INDEXES,
    CONSTRAINTS,
    DOMAIN_CONSTRAINTS,
    TRIGGERS,
    RULES,
    POLICIES,
    STATISTICS,
)
