"""What stands in no schema, and the rare kinds."""

from __future__ import annotations

from dbtasks.catalog.query import SCHEMA, Part, fires, grants, json_list, owner, unordered

# initdb gives schema public, and only it, an owner and privileges that are no default, and other
# ones since PostgreSQL 15; they are kept in pg_init_privs. 6171 is pg_database_owner.
_INITIAL = """(SELECT i.initprivs FROM pg_init_privs i
    WHERE i.objoid = n.oid AND i.classoid = 'pg_namespace'::regclass AND i.objsubid = 0 AND i.privtype = 'i')"""
SCHEMAS = Part(
    catalog="pg_namespace",
    oid="n.oid",
    kind="'schema'",
    name="quote_ident(n.nspname)",
    fields={
        "owner": "CASE WHEN n.oid <> 2200 OR n.nspowner NOT IN (10, 6171) THEN "
        + owner("n.nspowner")
        + " END",
        "grants": grants(
            "n.nspacl",
            f"coalesce({_INITIAL}, acldefault('n', n.nspowner))",
            "acldefault('n', n.nspowner)",
        ),
        "comment": "obj_description(n.oid, 'pg_namespace')",
    },
    source="pg_namespace n WHERE left(n.nspname, 3) <> 'pg_' AND n.nspname <> 'information_schema'",
)

EXTENSIONS = Part(
    catalog="pg_extension",
    oid="e.oid",
    kind="'extension'",
    name="quote_ident(e.extname)",
    fields={
        "owner": "CASE WHEN e.oid >= 16384 THEN " + owner("e.extowner") + " END",
        "schema": "quote_ident(n.nspname)",
        "version": "e.extversion",
    },
    source="pg_extension e JOIN pg_namespace n ON n.oid = e.extnamespace",
)

EVENT_TRIGGERS = Part(
    catalog="pg_event_trigger",
    oid="v.oid",
    kind="'event trigger'",
    name="quote_ident(v.evtname)",
    fields={
        "owner": owner("v.evtowner"),
        "event": "v.evtevent",
        "function": "v.evtfoid::regprocedure",
        "tags[]": json_list("v.evttags"),
        "fires": fires("v.evtenabled"),
    },
    source="pg_event_trigger v",
)

# Catalogs and columns that only newer versions have are reached by to_jsonb() and pg_depend, as
# one statement serves all: 6237 is pg_publication_namespace.
PUBLICATIONS = Part(
    catalog="pg_publication",
    oid="b.oid",
    kind="'publication'",
    name="quote_ident(b.pubname)",
    fields={
        "owner": owner("b.pubowner"),
        "publishes": """concat_ws(', ', CASE WHEN b.pubinsert THEN 'insert' END,
            CASE WHEN b.pubupdate THEN 'update' END, CASE WHEN b.pubdelete THEN 'delete' END,
            CASE WHEN b.pubtruncate THEN 'truncate' END)""",
        "all tables": "CASE WHEN b.puballtables THEN 'true' END",
        "via root": "CASE WHEN b.pubviaroot THEN 'true' END",
        "generated columns": "nullif(to_jsonb(b) ->> 'pubgencols', 'n')",
        "tables[]": """(SELECT json_agg(concat_ws(' ', l.prrelid::regclass,
                '(' || (SELECT string_agg(quote_ident(a.attname), ', ' ORDER BY a.attname)
                    FROM pg_attribute a WHERE a.attrelid = l.prrelid
                        AND to_jsonb(l) -> 'prattrs' @> to_jsonb(a.attnum)) || ')',
                'where ' || (SELECT to_jsonb(w) ->> 'rowfilter' FROM pg_publication_tables w
                    JOIN pg_namespace n ON n.nspname = w.schemaname
                    JOIN pg_class c ON c.relnamespace = n.oid AND c.relname = w.tablename
                    WHERE w.pubname = b.pubname AND c.oid = l.prrelid))
                ORDER BY l.prrelid::regclass::text)
            FROM pg_publication_rel l WHERE l.prpubid = b.oid)""",
        "schemas[]": """(SELECT json_agg(quote_ident(n.nspname) ORDER BY n.nspname)
            FROM pg_depend d JOIN pg_depend s ON s.classid = d.classid AND s.objid = d.objid
                AND s.refclassid = 'pg_namespace'::regclass
            JOIN pg_namespace n ON n.oid = s.refobjid
            WHERE d.refclassid = 'pg_publication'::regclass AND d.refobjid = b.oid
                AND d.classid = 6237)""",
    },
    source="pg_publication b",
)

_GLOBAL_DEFAULT = (
    "acldefault(CASE d.defaclobjtype WHEN 'S' THEN 's' ELSE d.defaclobjtype END, d.defaclrole)"
)
DEFAULT_PRIVILEGES = Part(
    catalog="pg_default_acl",
    oid="d.oid",
    kind="'default privileges of'",
    name="""quote_ident(pg_get_userbyid(d.defaclrole))
        || coalesce(' in schema ' || quote_ident(n.nspname), '') || ' on ' || CASE d.defaclobjtype
        WHEN 'r' THEN 'tables' WHEN 'S' THEN 'sequences' WHEN 'f' THEN 'functions'
        WHEN 'T' THEN 'types' WHEN 'n' THEN 'schemas' ELSE d.defaclobjtype::text END""",
    fields={
        # in a schema they are added to what holds everywhere
        "grants": grants(
            "d.defaclacl",
            f"CASE WHEN d.defaclnamespace = 0 THEN {_GLOBAL_DEFAULT} ELSE '{{}}' END",
            _GLOBAL_DEFAULT,
        ),
    },
    source="pg_default_acl d LEFT JOIN pg_namespace n ON n.oid = d.defaclnamespace",
)

WRAPPERS = Part(
    catalog="pg_foreign_data_wrapper",
    oid="w.oid",
    kind="'foreign-data wrapper'",
    name="quote_ident(w.fdwname)",
    fields={
        "owner": owner("w.fdwowner"),
        "handler": "CASE WHEN w.fdwhandler <> 0 THEN w.fdwhandler::regproc END",
        "validator": "CASE WHEN w.fdwvalidator <> 0 THEN w.fdwvalidator::regproc END",
        "options[]": json_list(unordered("w.fdwoptions")),
        "grants": grants("w.fdwacl", "acldefault('F', w.fdwowner)"),
    },
    source="pg_foreign_data_wrapper w",
)

SERVERS = Part(
    catalog="pg_foreign_server",
    oid="s.oid",
    kind="'foreign server'",
    name="quote_ident(s.srvname)",
    fields={
        "owner": owner("s.srvowner"),
        "wrapper": "quote_ident(w.fdwname)",
        "type": "s.srvtype",
        "version": "s.srvversion",
        "options[]": json_list(unordered("s.srvoptions")),
        "grants": grants("s.srvacl", "acldefault('S', s.srvowner)"),
    },
    source="pg_foreign_server s JOIN pg_foreign_data_wrapper w ON w.oid = s.srvfdw",
    superset="pg_foreign_server",
)

# The options of a mapping may hold a password.
USER_MAPPINGS = Part(
    catalog="pg_user_mapping",
    oid="m.umid",
    kind="'user mapping for'",
    name="""CASE WHEN m.umuser = 0 THEN 'PUBLIC' ELSE quote_ident(m.usename) END
        || ' on ' || quote_ident(m.srvname)""",
    fields={"options": f"'md5 ' || md5({unordered('m.umoptions')}::text)"},
    source="pg_user_mappings m",
)

DATABASE_SETTINGS = Part(
    catalog="pg_db_role_setting",
    oid="r.setrole",
    kind="'database settings for'",
    name="CASE WHEN r.setrole = 0 THEN 'PUBLIC' ELSE quote_ident(pg_get_userbyid(r.setrole)) END",
    fields={"settings[]": json_list("r.setconfig")},
    source="pg_db_role_setting r JOIN pg_database b ON b.oid = r.setdatabase"
    " WHERE b.datname = current_database()",
    superset="pg_db_role_setting",
)

CASTS = Part(
    catalog="pg_cast",
    oid="k.oid",
    kind="'cast'",
    name="k.castsource::regtype || ' as ' || k.casttarget::regtype",
    fields={
        "context": """CASE k.castcontext WHEN 'e' THEN 'explicit' WHEN 'a' THEN 'assignment'
            ELSE 'implicit' END""",
        "method": """CASE k.castmethod WHEN 'f' THEN k.castfunc::regprocedure::text
            WHEN 'i' THEN 'by text' ELSE 'binary' END""",
    },
    source="pg_cast k"
    " WHERE k.oid >= 16384"
    " AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.classid = 'pg_cast'::regclass"
    " AND d.objid = k.oid AND d.deptype = 'i')",
    superset="pg_cast WHERE oid >= 16384",
)

COLLATIONS = Part(
    catalog="pg_collation",
    oid="l.oid",
    parent_in=SCHEMA,
    parent="l.collnamespace",
    qualified=True,
    kind="'collation'",
    name="l.oid::regcollation::text",
    fields={
        "owner": owner("l.collowner"),
        "provider": """CASE l.collprovider WHEN 'i' THEN 'icu' WHEN 'c' THEN 'libc'
            WHEN 'b' THEN 'builtin' END""",
        "locale": """coalesce(to_jsonb(l) ->> 'colllocale', to_jsonb(l) ->> 'colliculocale',
            l.collcollate)""",
        "ctype": "CASE WHEN l.collctype <> l.collcollate THEN l.collctype END",
        "rules": "to_jsonb(l) ->> 'collicurules'",
        "deterministic": "CASE WHEN NOT l.collisdeterministic THEN 'false' END",
    },
    source="pg_collation l WHERE l.oid >= 16384",
)

OPERATORS = Part(
    catalog="pg_operator",
    oid="o.oid",
    parent_in=SCHEMA,
    parent="o.oprnamespace",
    qualified=True,
    kind="'operator'",
    name="o.oid::regoperator::text",
    fields={
        "owner": owner("o.oprowner"),
        "function": "o.oprcode::regprocedure",
        "commutator": "CASE WHEN o.oprcom <> 0 THEN o.oprcom::regoperator END",
        "negator": "CASE WHEN o.oprnegate <> 0 THEN o.oprnegate::regoperator END",
        "restrict": "CASE WHEN o.oprrest <> 0 THEN o.oprrest::regproc END",
        "join": "CASE WHEN o.oprjoin <> 0 THEN o.oprjoin::regproc END",
        "merges": "CASE WHEN o.oprcanmerge THEN 'true' END",
        "hashes": "CASE WHEN o.oprcanhash THEN 'true' END",
    },
    source="pg_operator o WHERE o.oid >= 16384",
)

SEARCH_CONFIGURATIONS = Part(
    catalog="pg_ts_config",
    oid="f.oid",
    parent_in=SCHEMA,
    parent="f.cfgnamespace",
    qualified=True,
    kind="'text search configuration'",
    name="f.oid::regconfig::text",
    fields={
        "owner": owner("f.cfgowner"),
        "mapping[]": """(SELECT json_agg(m.maptokentype || ' ' || m.mapdict::regdictionary
            ORDER BY m.maptokentype, m.mapseqno) FROM pg_ts_config_map m WHERE m.mapcfg = f.oid)""",
    },
    source="pg_ts_config f WHERE f.oid >= 16384",
)

SEARCH_DICTIONARIES = Part(
    catalog="pg_ts_dict",
    oid="f.oid",
    parent_in=SCHEMA,
    parent="f.dictnamespace",
    qualified=True,
    kind="'text search dictionary'",
    name="f.oid::regdictionary::text",
    fields={
        "owner": owner("f.dictowner"),
        "options": "f.dictinitoption",
    },
    source="pg_ts_dict f WHERE f.oid >= 16384",
)

# Of these it is enough to know that they are there.
RARE = tuple(
    Part(
        catalog=catalog,
        oid="x.oid",
        kind=f"(pg_identify_object('{catalog}'::regclass, x.oid, 0)).type",
        name=f"(pg_identify_object('{catalog}'::regclass, x.oid, 0)).identity",
        fields={},
        source=f"{catalog} x WHERE x.oid >= 16384",
    )
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

PARTS = (
    EXTENSIONS,
    EVENT_TRIGGERS,
    PUBLICATIONS,
    DEFAULT_PRIVILEGES,
    WRAPPERS,
    SERVERS,
    USER_MAPPINGS,
    DATABASE_SETTINGS,
    CASTS,
    COLLATIONS,
    OPERATORS,
    SEARCH_CONFIGURATIONS,
    SEARCH_DICTIONARIES,
    *RARE,
)
