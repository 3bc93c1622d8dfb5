"""`db.recreate` from a template of the server: the same as with all revisions, or else these run."""

from __future__ import annotations

import json
import secrets
from contextlib import suppress
from typing import TYPE_CHECKING

import pytest
from psycopg import sql
from sqlalchemy import NullPool, create_engine

from consumers import copy_of
from dbtasks import maintenance
from dbtasks.catalog import read
from dbtasks.database import Database
from dbtasks.errors import MigrationError, RefusedError, ServerError, SettingsError
from dbtasks.results import Outcome, Restored
from dbtasks.server_template.witness import Witness
from dbtasks.servers.docker import DockerServer
from histories import write_revision

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from consumers import Project
    from dbtasks.settings import Settings
    from dbtasks.url import DatabaseURL

LAST = "aa00000000aa"
_FULL = """for statement in (
        "CREATE SEQUENCE bill_number START 7",
        "CREATE TABLE bill (id int PRIMARY KEY DEFAULT nextval('bill_number'), line bigint GENERATED ALWAYS AS IDENTITY,"
        " what text NOT NULL)",
        "INSERT INTO bill (what) SELECT 'bill ' || n FROM generate_series(1, 500) AS n",
        "COMMENT ON TABLE bill IS 'what is to be paid'",
        "CREATE SCHEMA archive",
        "ALTER DATABASE shop SET statement_timeout = '7min'",
        "DO $$ BEGIN CREATE ROLE clerk LOGIN; EXCEPTION WHEN duplicate_object THEN NULL; END $$",
        "ALTER ROLE clerk IN DATABASE shop SET work_mem = '8MB'",
        "GRANT CONNECT ON DATABASE shop TO clerk",
        "GRANT SELECT ON bill TO clerk",
    ):
        op.execute(statement)"""
# What a catalog's fingerprint does not have.
_BESIDES = """
SELECT json_build_object(
    'settings', (SELECT array_agg(name || '=' || setting ORDER BY name) FROM pg_settings
                 WHERE source NOT IN ('client', 'session') AND name <> 'port'),
    'hba', (SELECT array_agg(type || address || auth_method ORDER BY rule_number) FROM pg_hba_file_rules),
    'databases', (SELECT array_agg(concat_ws(' ', datname, rolname, datcollate, datctype, encoding, datacl,
                                             shobj_description(pg_database.oid, 'pg_database')) ORDER BY datname)
                  FROM pg_database JOIN pg_roles ON pg_roles.oid = datdba),
    'roles', (SELECT array_agg(concat_ws(' ', rolname, rolsuper, rolcanlogin) ORDER BY rolname) FROM pg_roles),
    'set', (SELECT array_agg(concat_ws(' ', datname, rolname, setconfig) ORDER BY setconfig)
            FROM pg_db_role_setting LEFT JOIN pg_database d ON d.oid = setdatabase LEFT JOIN pg_roles r ON r.oid = setrole),
    'sequences', (SELECT array_agg(concat_ws(' ', schemaname, sequencename, last_value) ORDER BY sequencename)
                  FROM pg_sequences))::text
"""
_TABLES = "SELECT table_schema, table_name FROM information_schema.tables WHERE table_schema = 'public' ORDER BY 2"


@pytest.fixture
def project(tmp_path: Path) -> Project:
    """A project whose revisions leave rows, sequences, comments, roles and settings, and read a file."""
    project = copy_of("plain", tmp_path)
    write_revision(project, LAST, upgrade=_FULL)
    return project


@pytest.fixture
def settings(
    project: Project,
    docker_image: str,
    docker_engine: None,
    make_settings: Callable[..., Settings],
) -> Iterator[Settings]:
    token = secrets.token_hex(4)
    settings = make_settings(
        project.root,
        image=docker_image,
        name=f"t{token}",
        database="shop",
        server="docker",
        setup_sql=("CREATE EXTENSION IF NOT EXISTS pgcrypto",),
        recreate_from_template=True,
    )
    yield settings
    with suppress(RefusedError):
        DockerServer(settings).destroy()


def recreate(settings: Settings, told: list[str] | None = None, *, replay: bool = False) -> Outcome:
    heard = (told if told is not None else []).append
    return Database(settings, say=heard, tell=heard).recreate(replay=replay)


def url_of(settings: Settings) -> DatabaseURL:
    return DockerServer(settings).address()


def looks(settings: Settings) -> object:
    with maintenance.connect(url_of(settings)) as connection:
        rows = {}
        for schema, table in connection.execute(_TABLES.encode()).fetchall():
            name = sql.Identifier(schema, table)
            query = sql.SQL("SELECT t::text FROM {} AS t ORDER BY 1").format(name)
            rows[table] = connection.execute(query).fetchall()
        besides = connection.execute(_BESIDES.encode()).fetchone()
        assert besides is not None
        return (
            rows,
            json.loads(besides[0]),
            read(lambda query: connection.execute(query.encode())),
        )


def files(settings: Settings) -> list[str]:
    return sorted(
        "".join(path.suffixes[-2:]) for path in (settings.root / ".dbtasks").glob("*.template.*")
    )


def record_of(settings: Settings) -> Path:
    return next((settings.root / ".dbtasks").glob("*.template.json"))


def test_it_is_the_same_as_with_all_revisions(settings: Settings) -> None:
    assert len(recreate(settings, replay=True).applied) == 4
    replayed, first = looks(settings), url_of(settings)
    assert files(settings) == []

    built = recreate(settings)
    assert len(built.applied) == 4
    assert looks(settings) == replayed
    assert files(settings) == [".template.json", ".template.lock", ".template.tar"]

    with maintenance.connect(url_of(settings)) as connection:
        connection.execute("DELETE FROM bill")
        connection.execute("CREATE TABLE of_mine ()")
    restored = recreate(settings)
    assert isinstance(restored, Restored)
    assert (restored.applied, restored.current, restored.pending) == ((), (LAST,), 0)
    assert restored.revisions == 4
    assert looks(settings) == replayed

    told = json.loads(record_of(settings).read_text())
    assert len({first.password, url_of(settings).password, told["password"]}) == 3
    with pytest.raises(ServerError) as raised:
        maintenance.server_version(_with_password(url_of(settings), told["password"]))
    assert raised.value.code == "password"
    for path in (settings.root / ".dbtasks").glob("*.template.*"):
        assert path.stat().st_mode & 0o077 == 0

    Database(settings).destroy()
    assert files(settings) == []


def _with_password(url: DatabaseURL, password: str) -> DatabaseURL:
    from dataclasses import replace

    return replace(url, password=password)


def test_what_the_revisions_read_is_read_again_when_it_changes(
    settings: Settings, project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = project.root / "rows.txt"
    rows.write_text("one")
    write_revision(
        project,
        "bb00000000bb",
        LAST,
        upgrade="import os, pathlib; op.execute(\"INSERT INTO bill (what) VALUES ('%s %s')\""
        " % (pathlib.Path('rows.txt').read_text(), os.environ.get('SHOP_ADMIN')))",
    )
    assert len(recreate(settings).applied) == 5
    assert recreate(settings).applied == ()

    record_of(settings).with_suffix(".tar").write_bytes(b"cut")
    rows.write_text("two")
    assert len(recreate(settings).applied) == 5
    monkeypatch.setenv("SHOP_ADMIN", "me")
    assert len(recreate(settings).applied) == 5
    with maintenance.connect(url_of(settings)) as connection:
        found = connection.execute("SELECT what FROM bill ORDER BY id DESC LIMIT 1").fetchone()
        assert found == ("two me",)


def test_a_wrong_one_is_not_believed(settings: Settings) -> None:
    recreate(settings)
    record = record_of(settings)
    tar, told = record.with_suffix(".tar"), record.read_text()
    content = tar.read_bytes()
    half = len(content) // 2
    for of_record, of_tar, reason in (
        ({}, content[:half] + b"x" + content[half + 1 :], "it is damaged"),
        ({"identifier": "1"}, content, "it is of another cluster"),
        ({"password": "other"}, content, "refuses role"),
    ):
        tar.write_bytes(of_tar)
        record.write_text(json.dumps({**json.loads(told), **of_record}))
        said: list[str] = []

        assert len(recreate(settings, said).applied) == 4

        useless = [line for line in said if "template of the server is of no use" in line]
        assert len(useless) == 1
        assert reason in useless[0]
        assert files(settings) == []


def test_a_database_elsewhere_that_sqlalchemy_connects_to_is_heard_of(
    database: DatabaseURL,
) -> None:
    maintenance.create(database)
    engine = create_engine(database.sqlalchemy(), poolclass=NullPool)
    told = []
    for own in ((database.host, database.port), (database.host, 1)):
        witness = Witness(own)
        with witness.watching(), engine.connect():
            told.append(witness.untold)
    assert told == [set(), {"they connect to something else than the database"}]


def test_what_cannot_be_known_is_told_and_the_revisions_run(
    settings: Settings, project: Project
) -> None:
    write_revision(
        project, "bb00000000bb", LAST, upgrade="import subprocess; subprocess.run(['true'])"
    )
    told: list[str] = []
    for _ in range(2):
        assert len(recreate(settings, told).applied) == 5
        assert (
            "there can be no template of the server, so the revisions run:"
            " of the migrations: they run another program" in told
        )
    assert files(settings) == [".template.lock"]


def test_setup_sql_that_cannot_be_read_stops_db_recreate_and_not_db_destroy(
    settings: Settings, make_settings: Callable[..., Settings]
) -> None:
    names = ("image", "name", "database", "server")
    given = {name: getattr(settings, name) for name in names}
    broken = make_settings(settings.root, **given, setup_sql=("missing.sql",))
    recreate(settings, replay=True)
    with pytest.raises(SettingsError):
        recreate(broken)
    assert maintenance.server_version(url_of(settings))
    Database(broken).destroy()
    assert DockerServer(settings).status().state == "absent"


def test_a_revision_that_fails_leaves_the_server_as_it_was(
    settings: Settings, project: Project
) -> None:
    recreate(settings)
    before = url_of(settings)
    write_revision(project, "bb00000000bb", LAST, upgrade="op.execute('SELECT nothing')")

    with pytest.raises(MigrationError) as raised:
        recreate(settings)

    assert raised.value.message == (
        'revision bb00000000bb (a change) could not be applied: column "nothing" does not exist'
    )
    assert raised.value.details[-1] == "that is a throwaway database; yours is as it was"
    assert url_of(settings) == before
