"""Tables, views and sequences, and what hangs on them."""

from __future__ import annotations

from dbtasks.catalog.query import Part, comment, grants, json_list, owner

_INHERITS = """
    LEFT JOIN (SELECT i.inhrelid, json_agg(parent.name ORDER BY i.inhseqno) AS parents
        FROM pg_inherits i JOIN rel parent ON parent.oid = i.inhparent GROUP BY i.inhrelid
    ) AS heir ON heir.inhrelid = c.oid"""
_FOREIGN = """
    LEFT JOIN pg_foreign_table f ON f.ftrelid = c.oid
    LEFT JOIN pg_foreign_server s ON s.oid = f.ftserver"""

TABLES = Part(
    key="""CASE c.relkind WHEN 'v' THEN 'view ' WHEN 'm' THEN 'materialized view '
        WHEN 'f' THEN 'foreign table ' ELSE 'table ' END || rel.name""",
    fields={
        "owner": owner("c.relowner"),
        "definition": "CASE WHEN c.relkind IN ('v', 'm') THEN pg_get_viewdef(c.oid) END",
        "partitioned by": "CASE WHEN c.relkind = 'p' THEN pg_get_partkeydef(c.oid) END",
        "partition": "CASE WHEN c.relispartition THEN pg_get_expr(c.relpartbound, c.oid) END",
        "inherits[]": "heir.parents",
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
        "server options[]": json_list("f.ftoptions"),
        "grants": grants("c.relacl", "acldefault('r', c.relowner)"),
        "comment": "note.description",
    },
    source="rel JOIN pg_class c ON c.oid = rel.oid AND c.relkind IN ('r', 'p', 'v', 'm', 'f')"
    " LEFT JOIN pg_class toast ON toast.oid = c.reltoastrelid AND toast.reloptions IS NOT NULL"
    + _INHERITS
    + _FOREIGN
    + comment("pg_class", "c.oid"),
)

COLUMNS = Part(
    key="'column ' || rel.name || '.' || quote_ident(a.attname)",
    fields={
        "type": "format_type(a.atttypid, a.atttypmod)",
        "nullable": "CASE WHEN a.attnotnull THEN 'false' ELSE 'true' END",
        "default": "CASE WHEN a.attgenerated = '' THEN pg_get_expr(d.adbin, d.adrelid) END",
        "generated": """CASE a.attgenerated WHEN 's' THEN 'stored ' || pg_get_expr(d.adbin, d.adrelid)
            WHEN 'v' THEN 'virtual ' || pg_get_expr(d.adbin, d.adrelid) END""",
        "identity": "CASE a.attidentity WHEN 'a' THEN 'always' WHEN 'd' THEN 'by default' END",
        "collation": """CASE WHEN a.attcollation NOT IN (0, t.typcollation)
            THEN a.attcollation::regcollation END""",
        "storage": """CASE WHEN a.attstorage <> t.typstorage THEN CASE a.attstorage
            WHEN 'p' THEN 'plain' WHEN 'e' THEN 'external' WHEN 'm' THEN 'main'
            ELSE 'extended' END END""",
        "compression": """CASE a.attcompression WHEN 'p' THEN 'pglz' WHEN 'l' THEN 'lz4'
            WHEN '' THEN NULL ELSE a.attcompression::text END""",
        "statistics": "CASE WHEN a.attstattarget >= 0 THEN a.attstattarget END",
        "options[]": json_list("a.attoptions"),
        "server options[]": json_list("a.attfdwoptions"),
        "inherited": "CASE WHEN a.attinhcount > 0 THEN 'true' END",
        "grants": grants(
            "a.attacl", "'{}'", "ARRAY['=arwx/' || quote_ident(pg_get_userbyid(rel.relowner))]"
        ),
        "comment": "note.description",
    },
    source="rel JOIN pg_attribute a ON a.attrelid = rel.oid AND a.attnum > 0 AND NOT a.attisdropped"
    " JOIN pg_type t ON t.oid = a.atttypid"
    " LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum"
    + comment("pg_class", "a.attrelid", "a.attnum")
    + " WHERE rel.relkind IN ('r', 'p', 'v', 'm', 'f', 'c')",
)

SEQUENCES = Part(
    key="'sequence ' || rel.name",
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
        "owned by": "owning.name || '.' || quote_ident(a.attname)",
        "identity": "CASE WHEN d.deptype = 'i' THEN 'true' END",
        "grants": grants("c.relacl", "acldefault('s', c.relowner)"),
        "comment": "note.description",
    },
    source="rel JOIN pg_class c ON c.oid = rel.oid JOIN pg_sequence s ON s.seqrelid = rel.oid"
    " LEFT JOIN (pg_depend d JOIN rel owning ON owning.oid = d.refobjid"
    " JOIN pg_attribute a ON a.attrelid = d.refobjid AND a.attnum = d.refobjsubid)"
    " ON d.classid = 'pg_class'::regclass AND d.objid = rel.oid AND d.objsubid = 0"
    " AND d.refclassid = 'pg_class'::regclass AND d.refobjsubid > 0 AND d.deptype IN ('a', 'i')"
    + comment("pg_class", "rel.oid"),
)

_TABLESPACE = """CASE WHEN {index}.reltablespace <> 0 THEN (SELECT quote_ident(spcname)
    FROM pg_tablespace WHERE oid = {index}.reltablespace) END"""

# The index of a constraint is part of the constraint; what a partitioned parent makes on its
# partitions (indexes, constraints, triggers) is told by the parent.
INDEXES = Part(
    key="'index ' || rel.name",
    fields={
        "table": "owning.name",
        "definition": "pg_get_indexdef(i.indexrelid)",
        "valid": "CASE WHEN NOT i.indisvalid THEN 'false' END",
        "clustered": "CASE WHEN i.indisclustered THEN 'true' END",
        "replica identity": "CASE WHEN i.indisreplident THEN 'true' END",
        "tablespace": _TABLESPACE.format(index="rel"),
        "comment": "note.description",
    },
    source="rel JOIN pg_index i ON i.indexrelid = rel.oid JOIN rel owning ON owning.oid = i.indrelid"
    " LEFT JOIN pg_constraint o ON o.conindid = i.indexrelid AND o.conrelid = i.indrelid"
    " AND o.contype IN ('p', 'u', 'x')"
    + comment("pg_class", "rel.oid")
    + " WHERE o.oid IS NULL AND NOT EXISTS"
    " (SELECT FROM pg_inherits h WHERE h.inhrelid = i.indexrelid)",
)

CONSTRAINTS = Part(
    key="'constraint ' || coalesce(rel.name, typ.name) || '.' || quote_ident(o.conname)",
    fields={
        "definition": "pg_get_constraintdef(o.oid)",
        "inherited": "CASE WHEN o.coninhcount > 0 THEN 'true' END",
        "clustered": "CASE WHEN i.indisclustered THEN 'true' END",
        "replica identity": "CASE WHEN i.indisreplident THEN 'true' END",
        "tablespace": _TABLESPACE.format(index="index"),
        "comment": "note.description",
        "index comment": "CASE WHEN i.indexrelid IS NOT NULL"
        " THEN obj_description(i.indexrelid, 'pg_class') END",
    },
    source="pg_constraint o LEFT JOIN rel ON rel.oid = o.conrelid"
    " LEFT JOIN typ ON typ.oid = o.contypid"
    " LEFT JOIN pg_index i ON i.indexrelid = o.conindid AND o.contype IN ('p', 'u', 'x')"
    " LEFT JOIN rel index ON index.oid = i.indexrelid"
    + comment("pg_constraint", "o.oid")
    + " WHERE o.contype IN ('c', 'f', 'p', 'u', 'x') AND o.conparentid = 0"
    " AND coalesce(rel.oid, typ.oid) IS NOT NULL",
)

_FIRES = """CASE {column} WHEN 'D' THEN 'disabled' WHEN 'R' THEN 'replica only'
    WHEN 'A' THEN 'always' END"""

TRIGGERS = Part(
    key="'trigger ' || rel.name || '.' || quote_ident(g.tgname)",
    fields={
        "definition": "pg_get_triggerdef(g.oid)",
        "fires": _FIRES.format(column="g.tgenabled"),
        "comment": "note.description",
    },
    source="pg_trigger g JOIN rel ON rel.oid = g.tgrelid"
    + comment("pg_trigger", "g.oid")
    + " WHERE NOT g.tgisinternal AND g.tgparentid = 0",
)

RULES = Part(
    key="'rule ' || rel.name || '.' || quote_ident(w.rulename)",
    fields={
        "definition": "pg_get_ruledef(w.oid)",
        "fires": _FIRES.format(column="w.ev_enabled"),
        "comment": "note.description",
    },
    source="pg_rewrite w JOIN rel ON rel.oid = w.ev_class"
    + comment("pg_rewrite", "w.oid")
    + " WHERE w.oid >= 16384 AND w.ev_type <> '1'",
)

POLICIES = Part(
    key="'policy ' || rel.name || '.' || quote_ident(y.polname)",
    fields={
        "permissive": "CASE WHEN NOT y.polpermissive THEN 'false' END",
        "command": """CASE y.polcmd WHEN 'r' THEN 'select' WHEN 'a' THEN 'insert'
            WHEN 'w' THEN 'update' WHEN 'd' THEN 'delete' ELSE 'all' END""",
        "roles[]": """(SELECT json_agg(CASE WHEN role = 0 THEN 'PUBLIC'
            ELSE quote_ident(pg_get_userbyid(role)) END ORDER BY role <> 0, pg_get_userbyid(role))
            FROM unnest(y.polroles) AS role)""",
        "using": "pg_get_expr(y.polqual, y.polrelid)",
        "check": "pg_get_expr(y.polwithcheck, y.polrelid)",
        "comment": "note.description",
    },
    source="pg_policy y JOIN rel ON rel.oid = y.polrelid" + comment("pg_policy", "y.oid"),
)

STATISTICS = Part(
    key="'statistics ' || place.name || '.' || quote_ident(x.stxname)",
    fields={
        "owner": owner("x.stxowner"),
        "table": "rel.name",
        "definition": "pg_get_statisticsobjdef(x.oid)",
        "target": "CASE WHEN x.stxstattarget >= 0 THEN x.stxstattarget END",
        "comment": "note.description",
    },
    source="pg_statistic_ext x JOIN place ON place.oid = x.stxnamespace"
    " JOIN rel ON rel.oid = x.stxrelid" + comment("pg_statistic_ext", "x.oid"),
)

PARTS = (
    TABLES,
    COLUMNS,
    SEQUENCES,
    INDEXES,
    CONSTRAINTS,
    TRIGGERS,
    RULES,
    POLICIES,
    STATISTICS,
)
