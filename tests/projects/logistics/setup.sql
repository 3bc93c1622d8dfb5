-- Run once in a new database, by an administrator. The role that migrates owns the database and gets the schemas.
CREATE SCHEMA ops;
CREATE SCHEMA shipping;
CREATE SCHEMA billing;
CREATE EXTENSION citext;
CREATE EXTENSION btree_gist;

-- Roles belong to the whole server, where another database may have made them already.
DO $$
DECLARE
    wanted text;
BEGIN
    FOREACH wanted IN ARRAY ARRAY['logistics_reader', 'logistics_clerk'] LOOP
        BEGIN
            EXECUTE format('CREATE ROLE %I NOLOGIN', wanted);
        EXCEPTION WHEN duplicate_object OR unique_violation THEN
            NULL;
        END;
    END LOOP;
END
$$;
