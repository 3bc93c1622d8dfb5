"""Passwords in what others said, and in what shows a value's `repr`."""

from __future__ import annotations

import configparser
import dataclasses
from typing import TYPE_CHECKING

import pytest

from dbtasks.environment.errors import reason
from dbtasks.errors import ServerError, SettingsError
from dbtasks.masking import MaskedText, environment_without_passwords, masked, masked_variables
from dbtasks.report import settings_rows
from dbtasks.report.document import settings_document
from dbtasks.servers.throwaway.base import Order
from dbtasks.servers.throwaway.owner import Process
from dbtasks.servers.throwaway.seed import Seed
from dbtasks.url import DatabaseURL

if TYPE_CHECKING:
    from pathlib import Path

    from conftest import MakeSettings

SECRET = "hunter2"
URL = DatabaseURL(host="h", user="u", password=SECRET, database="d")


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("postgresql://u:hunter2@h/d", "postgresql://u:***@h/d"),
        ("at postgresql+psycopg://u:hun@ter2@h:5/d?x=y.", "at postgresql+psycopg://u:***@h:5/d?x=y."),
        ("postgres://u:two hunter2@h/d", "postgres://u:***@h/d"),
        ("https://u:hunter2@host/simple", "https://u:***@host/simple"),
        ("CREATE ROLE x LOGIN PASSWORD 'hun''ter2' NOLOGIN", "CREATE ROLE x LOGIN PASSWORD *** NOLOGIN"),
        ("ALTER USER x WITH PASSWORD E'hunter2", "ALTER USER x WITH PASSWORD E***"),
        ("connect(password='hunter2', port=1)", "connect(password=***, port=1)"),
        ("{'PGPASSWORD': 'hunter2', 'A': 'b'}", "{'PGPASSWORD': ***, 'A': 'b'}"),
        ('config["password"] = "hunter2"', 'config["password"] = ***'),
        ("host=h password=hunter2 user=u", "host=h password=*** user=u"),
        ('missing "=" after "hunter2" in connection info string', 'missing "=" after *** in connection info string'),
    ],
)  # fmt: skip
def test_a_password_in_a_text_is_masked(text: str, shown: str) -> None:
    assert masked(text) == shown
    assert masked(shown) == shown
    error = ServerError(text, details=[text])
    assert (error.message, str(error), error.details) == (shown, shown, (shown,))


@pytest.mark.parametrize(
    "text",
    [
        "postgresql://u@h/d",
        "postgresql://h:5432/d",
        "postgresql://{user}:{password}@{host}/d",
        'password authentication failed for user "app"',
        "the password of service db does not fit its data: POSTGRES_PASSWORD acts on an empty volume only",
        "docker exec x sh -c 'printf %s \"$POSTGRES_PASSWORD\"'",
        "see http://localhost:8080/x, or write to a@b.c",
    ],
)
def test_a_text_without_one_stays_as_it_is(text: str) -> None:
    assert masked(text) == text


def test_a_url_shows_its_password_to_those_only_that_it_is_made_for() -> None:
    texts = [URL.sqlalchemy(), URL.libpq(), *URL.environ().values(), *URL.connect_args().values()]
    assert sum(SECRET in str(text) for text in texts) == 4
    assert not [text for text in texts if SECRET in repr(text)]
    assert repr(URL.libpq()) == "'postgresql://u:***@h:5432/d'"
    assert repr(MaskedText(SECRET)) == "'***'"
    assert (MaskedText(SECRET), MaskedText(SECRET).encode()) == (SECRET, SECRET.encode())


def test_what_holds_a_password_does_not_show_it(
    make_settings: MakeSettings, tmp_path: Path
) -> None:
    settings = make_settings(
        tmp_path,
        url=URL.libpq(),
        env={
            "DB_PASSWORD": SECRET,
            "TARGET": f"postgresql://u:{SECRET}@h/d",
            "OTHER": "{password}",
        },
        setup_sql=f"CREATE ROLE x PASSWORD '{SECRET}'",
    )
    order = dataclasses.replace(Order.of(settings, Process.of(1), print), password=SECRET)
    seed = Seed(name="x", source="", password=SECRET, cache=tmp_path)
    document = settings_document(settings)
    for shown in (settings, settings.url, order, seed, settings_rows(settings), document):
        assert SECRET not in f"{shown!r} {shown}"
    assert document["env"]["value"] == {
        "DB_PASSWORD": "***",
        "TARGET": "postgresql://u:***@h/d",
        "OTHER": "{password}",
    }
    assert document["setup_sql"]["value"] == ("CREATE ROLE x PASSWORD ***",)
    assert document["versions"]["value"] == (14, 15, 16, 17, 18)


def test_variables_are_masked_by_name_and_by_value() -> None:
    given = {"API_KEY": "x", "PGPASS": "{password}", "URL": "{url}", "NAME": "shop"}
    assert masked_variables(given) == {**given, "API_KEY": "***"}


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[alembic]\nurl = postgresql://u:p%40hunter2@h/d\n", "option url in section [alembic] of the Alembic configuration has a % that is not doubled, or names no option"),
        ("[alembic]\npostgresql hunter2\n", "<string> has no NAME = VALUE and no [SECTION] in line 2"),
        ("url hunter2\n", "<string> has no NAME = VALUE and no [SECTION] in line 1"),
    ],
)  # fmt: skip
def test_a_configuration_file_is_not_quoted(text: str, said: str) -> None:
    parser = configparser.ConfigParser()

    def read() -> None:
        parser.read_string(text)
        parser.get("alembic", "url")

    with pytest.raises(configparser.Error) as raised:
        read()
    assert SECRET in str(raised.value)
    assert reason(raised.value) == said


def test_a_program_that_works_without_a_password_gets_none(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {
        "DATABASE_URL": "x",
        "PGPASSWORD": SECRET,
        "POSTGRES_PASSWORD": SECRET,
        "DBTASKS_ANALYTICS_URL": "x",
        "INVOKE_DB_URL": "x",
        "SHOP_DSN": f"postgresql+asyncpg://u:{SECRET}@h/d",
        "PIP_INDEX_URL": "https://u:p@h/simple",
    }.items():
        monkeypatch.setenv(name, value)
    environ = environment_without_passwords()
    assert SECRET not in str(environ)
    assert not [name for name in environ if name.startswith(("DBTASKS_", "INVOKE_", "PGPASS"))]
    assert "DATABASE_URL" not in environ
    assert environ["PIP_INDEX_URL"] == "https://u:p@h/simple"
    assert "PATH" in environ


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("postgresql://u:12@h/d?hunter2-x", "what follows its ? is not NAME=VALUE&NAME=VALUE"),
        ("postgresql://us/er:hunter2@h/d", "its user has a / or its database an @"),
        ("postgresql://u:hunter2", "its port is no number from 1 to 65535"),
    ],
)
def test_a_malformed_url_is_not_quoted(text: str, message: str) -> None:
    with pytest.raises(SettingsError) as raised:
        DatabaseURL.parse(text)
    assert raised.value.message == f"the database URL is malformed: {message}"
    assert SECRET not in f"{raised.value.message} {raised.value.remedy}"
