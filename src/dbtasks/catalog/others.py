"""What stands in no schema, and the rare kinds."""

from __future__ import annotations

from dbtasks.catalog.query import Part, comment, grants, json_list, not_of_extension, owner

# initdb gives schema public, and only it, an owner and privileges that are no default, and other
# ones since PostgreSQL 15; they are kept in pg_init_privs. 6171 is pg_database_owner.
SCHEMAS = Part(
    key="'schema ' || place.name",
    fields={
        "owner": "CASE WHEN n.oid <> 2200 OR n.nspowner NOT IN (10, 6171) THEN "
        + owner("n.nspowner")
        + " END",
        "grants": grants(
            "n.nspacl",
            "coalesce(i.initprivs, acldefault('n', n.nspowner))",
            "acldefault('n', n.nspowner)",
        ),
        "comment": "obj_description(n.oid, 'pg_namespace')",
    },
    source="place JOIN pg_namespace n ON n.oid = place.oid"
    " LEFT JOIN pg_init_privs i ON i.objoid = n.oid AND i.classoid = 'pg_namespace'::regclass"
    " AND i.privtype = 'i'"
    f" WHERE {not_of_extension('pg_namespace', 'n.oid')}",
)

EXTENSIONS = Part(
    key="'extension ' || quote_ident(e.extname)",
    fields={
        "owner": "CASE WHEN e.oid >= 16384 THEN " + owner("e.extowner") + " END",
        "schema": "quote_ident(n.nspname)",
        "version": "e.extversion",
    },
    source="pg_extension e JOIN pg_namespace n ON n.oid = e.extnamespace",
)

EVENT_TRIGGERS = Part(
    key="'event trigger ' || quote_ident(v.evtname)",
    fields={
        "owner": owner("v.evtowner"),
        "event": "v.evtevent",
        "function": "v.evtfoid::regprocedure",
        "tags[]": json_list("v.evttags"),
        "fires": """CASE v.evtenabled WHEN 'D' THEN 'disabled' WHEN 'R' THEN 'replica only'
            WHEN 'A' THEN 'always' END""",
        "comment": "note.description",
    },
    source="pg_event_trigger v"
    + comment("pg_event_trigger", "v.oid")
    + f" WHERE {not_of_extension('pg_event_trigger', 'v.oid')}",
)

# Catalogs and columns that only newer versions have are reached by to_jsonb() and pg_depend, as
# one statement serves all: 6237 is pg_publication_namespace.
PUBLICATIONS = Part(
    key="'publication ' || quote_ident(b.pubname)",
    fields={
        "owner": owner("b.pubowner"),
        "publishes": """concat_ws(', ', CASE WHEN b.pubinsert THEN 'insert' END,
            CASE WHEN b.pubupdate THEN 'update' END, CASE WHEN b.pubdelete THEN 'delete' END,
            CASE WHEN b.pubtruncate THEN 'truncate' END)""",
        "all tables": "CASE WHEN b.puballtables THEN 'true' END",
        "via root": "CASE WHEN b.pubviaroot THEN 'true' END",
        "generated columns": "nullif(to_jsonb(b) ->> 'pubgencols', 'n')",
        "tables[]": """(SELECT json_agg(concat_ws(' ', rel.name,
                '(' || nullif((SELECT string_agg(quote_ident(a.attname), ', ' ORDER BY a.attname)
                    FROM pg_attribute a WHERE a.attrelid = rel.oid AND a.attnum::text = ANY
                    (string_to_array(to_jsonb(l) ->> 'prattrs', ' '))), '') || ')',
                'where ' || (SELECT to_jsonb(w) ->> 'rowfilter' FROM pg_publication_tables w
                    JOIN pg_namespace n ON n.nspname = w.schemaname
                    JOIN pg_class c ON c.relnamespace = n.oid AND c.relname = w.tablename
                    WHERE w.pubname = b.pubname AND c.oid = l.prrelid)) ORDER BY rel.name)
            FROM pg_publication_rel l JOIN rel ON rel.oid = l.prrelid WHERE l.prpubid = b.oid)""",
        "schemas[]": """(SELECT json_agg(place.name ORDER BY place.name) FROM pg_depend d
            JOIN pg_depend s ON s.classid = d.classid AND s.objid = d.objid
                AND s.refclassid = 'pg_namespace'::regclass
            JOIN place ON place.oid = s.refobjid
            WHERE d.refclassid = 'pg_publication'::regclass AND d.refobjid = b.oid
                AND d.classid = 6237)""",
        "comment": "note.description",
    },
    source="pg_publication b" + comment("pg_publication", "b.oid"),
)

_GLOBAL_DEFAULT = (
    "acldefault(CASE d.defaclobjtype WHEN 'S' THEN 's' ELSE d.defaclobjtype END, d.defaclrole)"
)
DEFAULT_PRIVILEGES = Part(
    key="""'default privileges of ' || quote_ident(pg_get_userbyid(d.defaclrole))
        || coalesce(' in schema ' || place.name, '') || ' on ' || CASE d.defaclobjtype
        WHEN 'r' THEN 'tables' WHEN 'S' THEN 'sequences' WHEN 'f' THEN 'functions'
        WHEN 'T' THEN 'types' WHEN 'n' THEN 'schemas' ELSE d.defaclobjtype::text END""",
    fields={
        # in a schema they are added to what holds everywhere
        "grants": grants(
            "d.defaclacl",
            f"CASE WHEN place.oid IS NULL THEN {_GLOBAL_DEFAULT} ELSE '{{}}' END",
            _GLOBAL_DEFAULT,
        ),
    },
    source="pg_default_acl d LEFT JOIN place ON place.oid = d.defaclnamespace",
)

WRAPPERS = Part(
    key="'foreign-data wrapper ' || quote_ident(w.fdwname)",
    fields={
        "owner": owner("w.fdwowner"),
        "handler": "CASE WHEN w.fdwhandler <> 0 THEN w.fdwhandler::regproc END",
        "validator": "CASE WHEN w.fdwvalidator <> 0 THEN w.fdwvalidator::regproc END",
        "options[]": json_list("w.fdwoptions"),
        "grants": grants("w.fdwacl", "acldefault('F', w.fdwowner)"),
        "comment": "note.description",
    },
    source="pg_foreign_data_wrapper w"
    + comment("pg_foreign_data_wrapper", "w.oid")
    + f" WHERE {not_of_extension('pg_foreign_data_wrapper', 'w.oid')}",
)

SERVERS = Part(
    key="'foreign server ' || quote_ident(s.srvname)",
    fields={
        "owner": owner("s.srvowner"),
        "wrapper": "quote_ident(w.fdwname)",
        "type": "s.srvtype",
        "version": "s.srvversion",
        "options[]": json_list("s.srvoptions"),
        "grants": grants("s.srvacl", "acldefault('S', s.srvowner)"),
        "comment": "note.description",
    },
    source="pg_foreign_server s JOIN pg_foreign_data_wrapper w ON w.oid = s.srvfdw"
    + comment("pg_foreign_server", "s.oid")
    + f" WHERE {not_of_extension('pg_foreign_server', 's.oid')}",
)

# The options of a mapping may hold a password.
USER_MAPPINGS = Part(
    key="""'user mapping for ' || CASE WHEN m.umuser = 0 THEN 'PUBLIC'
        ELSE quote_ident(m.usename) END || ' on ' || quote_ident(m.srvname)""",
    fields={
        "options": "CASE WHEN m.umoptions IS NOT NULL THEN 'md5 ' || md5(m.umoptions::text) END"
    },
    source="pg_user_mappings m",
)

CASTS = Part(
    key="'cast ' || k.castsource::regtype || ' as ' || k.casttarget::regtype",
    fields={
        "context": """CASE k.castcontext WHEN 'e' THEN 'explicit' WHEN 'a' THEN 'assignment'
            ELSE 'implicit' END""",
        "method": """CASE k.castmethod WHEN 'f' THEN k.castfunc::regprocedure::text
            WHEN 'i' THEN 'by text' ELSE 'binary' END""",
        "comment": "note.description",
    },
    source="pg_cast k"
    + comment("pg_cast", "k.oid")
    + f" WHERE k.oid >= 16384 AND {not_of_extension('pg_cast', 'k.oid')}"
    " AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.classid = 'pg_cast'::regclass"
    " AND d.objid = k.oid AND d.deptype = 'i')",
)

COLLATIONS = Part(
    key="'collation ' || l.oid::regcollation",
    fields={
        "owner": owner("l.collowner"),
        "provider": """CASE l.collprovider WHEN 'i' THEN 'icu' WHEN 'c' THEN 'libc'
            WHEN 'b' THEN 'builtin' END""",
        "locale": """coalesce(to_jsonb(l) ->> 'colllocale', to_jsonb(l) ->> 'colliculocale',
            l.collcollate)""",
        "ctype": "CASE WHEN l.collctype <> l.collcollate THEN l.collctype END",
        "rules": "to_jsonb(l) ->> 'collicurules'",
        "deterministic": "CASE WHEN NOT l.collisdeterministic THEN 'false' END",
        "comment": "note.description",
    },
    source="pg_collation l JOIN place ON place.oid = l.collnamespace"
    + comment("pg_collation", "l.oid")
    + f" WHERE l.oid >= 16384 AND {not_of_extension('pg_collation', 'l.oid')}",
)

OPERATORS = Part(
    key="'operator ' || o.oid::regoperator",
    fields={
        "owner": owner("o.oprowner"),
        "function": "o.oprcode::regprocedure",
        "commutator": "CASE WHEN o.oprcom <> 0 THEN o.oprcom::regoperator END",
        "negator": "CASE WHEN o.oprnegate <> 0 THEN o.oprnegate::regoperator END",
        "restrict": "CASE WHEN o.oprrest <> 0 THEN o.oprrest::regproc END",
        "join": "CASE WHEN o.oprjoin <> 0 THEN o.oprjoin::regproc END",
        "merges": "CASE WHEN o.oprcanmerge THEN 'true' END",
        "hashes": "CASE WHEN o.oprcanhash THEN 'true' END",
        "comment": "note.description",
    },
    source="pg_operator o"
    + comment("pg_operator", "o.oid")
    + f" WHERE o.oid >= 16384 AND {not_of_extension('pg_operator', 'o.oid')}",
)

SEARCH_CONFIGURATIONS = Part(
    key="'text search configuration ' || f.oid::regconfig",
    fields={
        "owner": owner("f.cfgowner"),
        "mapping[]": """(SELECT json_agg(m.maptokentype || ' ' || m.mapdict::regdictionary
            ORDER BY m.maptokentype, m.mapseqno) FROM pg_ts_config_map m WHERE m.mapcfg = f.oid)""",
        "comment": "note.description",
    },
    source="pg_ts_config f"
    + comment("pg_ts_config", "f.oid")
    + f" WHERE f.oid >= 16384 AND {not_of_extension('pg_ts_config', 'f.oid')}",
)

SEARCH_DICTIONARIES = Part(
    key="'text search dictionary ' || f.oid::regdictionary",
    fields={
        "owner": owner("f.dictowner"),
        "options": "f.dictinitoption",
        "comment": "note.description",
    },
    source="pg_ts_dict f"
    + comment("pg_ts_dict", "f.oid")
    + f" WHERE f.oid >= 16384 AND {not_of_extension('pg_ts_dict', 'f.oid')}",
)

# Of these it is enough to know that they are there.
RARE = Part(
    key="known.type || ' ' || known.identity",
    fields={"comment": "note.description"},
    source="("
    + " UNION ALL ".join(
        f"SELECT '{catalog}'::regclass AS catalog, oid FROM {catalog} WHERE oid >= 16384"
        for catalog in (
            "pg_am",
            "pg_conversion",
            "pg_language",
            "pg_opclass",
            "pg_opfamily",
            "pg_transform",
            "pg_ts_parser",
            "pg_ts_template",
        )
    )
    + ") AS made CROSS JOIN LATERAL pg_identify_object(made.catalog, made.oid, 0) AS known"
    " LEFT JOIN note ON note.objoid = made.oid AND note.classoid = made.catalog"
    " WHERE (made.catalog, made.oid) NOT IN (SELECT classid, objid FROM member)",
)

PARTS = (
    SCHEMAS,
    EXTENSIONS,
    EVENT_TRIGGERS,
    PUBLICATIONS,
    DEFAULT_PRIVILEGES,
    WRAPPERS,
    SERVERS,
    USER_MAPPINGS,
    CASTS,
    COLLATIONS,
    OPERATORS,
    SEARCH_CONFIGURATIONS,
    SEARCH_DICTIONARIES,
    RARE,
)
