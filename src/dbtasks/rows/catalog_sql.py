"""The two questions that filling asks the catalog."""

from __future__ import annotations

# ts_stat runs a text as a query and tells in how many rows a word stands, so that one query counts
# the rows of every table, also on a server built without libxml (query_to_xml needs that).
MISSING = r"""
WITH candidate AS MATERIALIZED (
    SELECT c.oid, format(
        'SELECT tsvector %%L FROM %%s%%I.%%I LIMIT %%s', 'row',
        CASE c.relkind WHEN 'r' THEN 'ONLY ' ELSE '' END, n.nspname, c.relname, %(rows)s::int
    ) AS query,
    CASE WHEN has_schema_privilege(n.oid, 'USAGE') THEN has_table_privilege(c.oid, 'SELECT') END
        AS readable
    FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE c.relkind IN ('r', 'p') AND NOT c.relispartition AND c.relpersistence <> 't'
      AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'
      AND NOT EXISTS (
          SELECT FROM pg_depend d
          WHERE d.classid = 'pg_class'::regclass AND d.objid = c.oid AND d.deptype = 'e'
      )
      AND quote_ident(n.nspname) || '.' || quote_ident(c.relname) <> ALL (%(ignore)s::text[])
), counted AS MATERIALIZED (
    SELECT oid, CASE WHEN readable THEN (SELECT ndoc FROM ts_stat(query)) END AS present
    FROM candidate
)
SELECT oid::int8, coalesce(present, 0) FROM counted
WHERE coalesce(present, 0) < %(rows)s::int ORDER BY oid
"""

DESCRIBED = r"""
WITH RECURSIVE wanted AS (
    SELECT c.oid, c.relname, n.nspname
    FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE c.oid = ANY (%(tables)s::oid[])
), used(oid) AS (
    SELECT DISTINCT a.atttypid FROM pg_attribute a
    WHERE a.attrelid = ANY (%(tables)s::oid[]) AND a.attnum > 0 AND NOT a.attisdropped
    UNION
    SELECT next.oid FROM used JOIN pg_type t ON t.oid = used.oid CROSS JOIN LATERAL (
        SELECT t.typbasetype WHERE t.typtype = 'd'
        UNION ALL SELECT t.typelem WHERE t.typtype <> 'd' AND t.typcategory = 'A' AND t.typelem <> 0
        UNION ALL SELECT r.rngsubtype FROM pg_range r WHERE r.rngtypid = t.oid
        UNION ALL SELECT r.rngtypid FROM pg_range r WHERE r.rngmultitypid = t.oid
        UNION ALL SELECT a.atttypid FROM pg_attribute a
            WHERE t.typtype = 'c' AND a.attrelid = t.typrelid AND a.attnum > 0 AND NOT a.attisdropped
    ) AS next(oid)
)
SELECT (
    SELECT json_agg(json_build_object(
        'oid', w.oid::int8, 'schema', w.nspname, 'name', w.relname,
        'quoted', quote_ident(w.nspname) || '.' || quote_ident(w.relname),
        'columns', (
            SELECT json_agg(json_build_object(
                'number', a.attnum, 'name', a.attname, 'type', a.atttypid::int8,
                'modifier', a.atttypmod, 'not_null', a.attnotnull, 'identity', a.attidentity,
                'default', pg_get_expr(d.adbin, d.adrelid)
            ) ORDER BY a.attnum)
            FROM pg_attribute a LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
            WHERE a.attrelid = w.oid AND a.attnum > 0 AND NOT a.attisdropped
        ),
        'generated', (
            SELECT json_agg(a.attnum) FROM pg_attribute a
            WHERE a.attrelid = w.oid AND a.attnum > 0 AND a.attgenerated <> ''
        ),
        'virtual', (
            SELECT json_agg(a.attname ORDER BY a.attnum) FROM pg_attribute a
            WHERE a.attrelid = w.oid AND a.attnum > 0 AND a.attgenerated = 'v'
        ),
        'checks', (
            SELECT json_agg(json_build_object(
                'name', k.conname, 'columns', k.conkey, 'definition', pg_get_constraintdef(k.oid)
            ) ORDER BY k.conname)
            FROM pg_constraint k WHERE k.conrelid = w.oid AND k.contype = 'c'
        ),
        'keys', (
            SELECT json_agg(json_build_object(
                'name', x.relname, 'columns', (i.indkey::int2[])[0:i.indnkeyatts - 1],
                'definition', pg_get_expr(i.indexprs, i.indrelid)
            ) ORDER BY x.relname)
            FROM pg_index i JOIN pg_class x ON x.oid = i.indexrelid
            WHERE i.indrelid = w.oid AND (i.indisunique OR i.indisexclusion)
        ),
        'primary', (
            SELECT to_json((i.indkey::int2[])[0:i.indnkeyatts - 1])
            FROM pg_index i WHERE i.indrelid = w.oid AND i.indisprimary
        ),
        'references', (
            SELECT json_agg(json_build_object(
                'name', k.conname, 'columns', k.conkey, 'parent', k.confrelid::int8,
                'parent_schema', pn.nspname, 'parent_name', p.relname,
                'parent_columns', (
                    SELECT json_agg(json_build_array(a.attnum, a.attname) ORDER BY f.at)
                    FROM unnest(k.confkey) WITH ORDINALITY AS f(number, at)
                    JOIN pg_attribute a ON a.attrelid = k.confrelid AND a.attnum = f.number
                ),
                'full', k.confmatchtype = 'f', 'deferrable', k.condeferrable
            ) ORDER BY cardinality(k.conkey) DESC, k.conname)
            FROM pg_constraint k
            JOIN pg_class p ON p.oid = k.confrelid JOIN pg_namespace pn ON pn.oid = p.relnamespace
            WHERE k.conrelid = w.oid AND k.contype = 'f' AND k.conparentid = 0
        ),
        'partitioned_by', (
            SELECT json_agg(DISTINCT a.attnum)
            FROM pg_partition_tree(w.oid) p
            JOIN pg_partitioned_table t ON t.partrelid = p.relid
            JOIN pg_attribute k ON k.attrelid = p.relid AND k.attnum = ANY (t.partattrs::int2[])
            JOIN pg_attribute a ON a.attrelid = w.oid AND a.attname = k.attname
            WHERE k.attnum > 0
        ),
        'bounds', (
            SELECT json_agg(pg_get_expr(c.relpartbound, c.oid) ORDER BY p.level, c.oid)
            FROM pg_partition_tree(w.oid) p JOIN pg_class c ON c.oid = p.relid
            WHERE p.level > 0
        )
    ) ORDER BY w.oid) FROM wanted w
), (
    SELECT json_agg(json_build_object(
        'oid', t.oid::int8, 'name', t.typname, 'kind', t.typtype, 'category', t.typcategory,
        'delimiter', t.typdelim, 'modifier', t.typtypmod, 'not_null', t.typnotnull,
        'base', coalesce(
            CASE WHEN t.typtype = 'd' THEN t.typbasetype END,
            (SELECT r.rngsubtype FROM pg_range r WHERE r.rngtypid = t.oid),
            (SELECT r.rngtypid FROM pg_range r WHERE r.rngmultitypid = t.oid),
            CASE WHEN t.typcategory = 'A' THEN nullif(t.typelem, 0) END
        )::int8,
        'labels', (
            SELECT json_agg(e.enumlabel ORDER BY e.enumsortorder) FROM pg_enum e WHERE e.enumtypid = t.oid
        ),
        'attributes', (
            SELECT json_agg(json_build_array(a.atttypid::int8, a.atttypmod) ORDER BY a.attnum)
            FROM pg_attribute a
            WHERE t.typtype = 'c' AND a.attrelid = t.typrelid AND a.attnum > 0 AND NOT a.attisdropped
        ),
        'checks', (
            SELECT json_agg(pg_get_constraintdef(k.oid) ORDER BY k.conname)
            FROM pg_constraint k WHERE k.contypid = t.oid AND k.contype = 'c'
        )
    ) ORDER BY t.oid) FROM pg_type t WHERE t.oid IN (SELECT used.oid FROM used)
)
"""
