-- Rows and settings for rich_schema.sql in a database shop, awkward to move.
SET session_replication_role = replica;
INSERT INTO shop.customer (name, "Odd ""name""", mail, home, amount, tags, document, seen) VALUES
 ('Ünï', E'tab\t \\ \n', 'a@b', ROW('x "y", z', 3)::shop.address, 4.20, '{a,"b c",NULL}', '{"a": [1, null, "ß"]}', 'infinity');
INSERT INTO shop.orders (customer_id, during) SELECT id, tstzrange('2020-01-01', NULL) FROM shop.customer;
INSERT INTO shop.event VALUES ('2020-05-05', 'a'), ('2030-01-01', 'b'), ('2031-01-01', 'b');
INSERT INTO shop.parent VALUES (1, 'p'); INSERT INTO shop.child VALUES (2, 'c', 3);
INSERT INTO shop.scratch VALUES ('unlogged');
CREATE TABLE public.blob (id integer GENERATED ALWAYS AS IDENTITY, payload bytea, big oid);
INSERT INTO public.blob (payload, big) SELECT decode(string_agg(lpad(to_hex(i), 2, '0'), ''), 'hex'), lo_from_bytea(0, '\x00ff8090aa0d0a'::bytea) FROM generate_series(0, 255) i;
SELECT lo_put(big, 5000, '\x01') FROM public.blob;
SELECT nextval('shop.number'), nextval('shop.number'); SELECT setval('shop.owned', 7, false);
CREATE MATERIALIZED VIEW shop.filled AS SELECT name FROM shop.customer;
COMMENT ON DATABASE shop IS 'it''s ours';
ALTER DATABASE shop SET work_mem = '9MB'; ALTER DATABASE shop SET search_path = shop, public;
ALTER ROLE catalog_app IN DATABASE shop SET statement_timeout = '7s';
ALTER ROLE catalog_app SET lock_timeout = '3s';
GRANT CREATE ON DATABASE shop TO catalog_app; REVOKE CONNECT ON DATABASE shop FROM PUBLIC; ALTER DATABASE shop CONNECTION LIMIT 77;
