"""DatabaseURL: every spelling that people use, and passwords that break naive code."""

from __future__ import annotations

import pytest
import sqlalchemy

from dbtasks.errors import SettingsError
from dbtasks.url import DatabaseURL

AWKWARD = ["p%40", "a@b", "a:b", "a/b", "a b", 'it\'s "x"', "pässwörd", "100%", "#?&=", "%zz"]


@pytest.mark.parametrize("password", AWKWARD)
@pytest.mark.parametrize("database", ["app", "we ird", 'Ü"x', "a/b", "a%b"])
def test_any_password_and_database_survive_sqlalchemy_and_libpq(
    password: str, database: str
) -> None:
    url = DatabaseURL(host="h", user="u", password=password, database=database)
    read = sqlalchemy.make_url(url.sqlalchemy())
    assert (read.password, read.username) == (password, "u")
    again = DatabaseURL.parse(url.libpq())
    assert (again.password, again.database) == (password, database)


@pytest.mark.parametrize("password", ["a@b", "a:b", "a/b", "100%", "a b", "12?b"])
def test_an_unescaped_password_is_understood(password: str) -> None:
    url = DatabaseURL.parse(f"postgresql://me:{password}@db.example:5433/app")
    assert (url.user, url.password, url.host, url.port, url.database) == (
        "me",
        password,
        "db.example",
        5433,
        "app",
    )


@pytest.mark.parametrize(
    ("text", "host", "port", "database"),
    [
        ("postgres://localhost/app", "localhost", 5432, "app"),
        ("postgresql+asyncpg://u@[::1]:6000/app", "::1", 6000, "app"),
        ("postgresql:///app", "localhost", 5432, "app"),
        ("postgresql://", "localhost", 5432, ""),
        ("postgresql:///app?host=/run/postgresql&port=6543", "/run/postgresql", 6543, "app"),
        ("postgresql://h/app?sslmode=require", "h", 5432, "app"),
    ],
)
def test_parse_reads_what_libpq_and_sqlalchemy_write(
    text: str, host: str, port: int, database: str
) -> None:
    url = DatabaseURL.parse(text)
    assert (url.host, url.port, url.database) == (host, port, database)


def test_the_password_is_masked_in_every_text_form() -> None:
    url = DatabaseURL.parse("postgresql://u:canary@h/d?sslpassword=canary")
    for text in (str(url), repr(url), f"{url}", f"{url!r}", f"{[url]}"):
        assert "canary" not in text
    assert "***" in str(url)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("localhost/app", "the database URL is malformed: it has no scheme"),
        (
            "mysql://u:canary@h/d",
            "the database URL is for mysql, and dbtasks works with PostgreSQL only",
        ),
        (
            "postgresql://u:canary@h:70000/d",
            "the database URL is malformed: its port is no number from 1 to 65535",
        ),
        (
            "postgresql://u:canary@h:x/d",
            "the database URL is malformed: its port is no number from 1 to 65535",
        ),
    ],
)
def test_a_bad_url_is_one_line_without_the_password(text: str, message: str) -> None:
    with pytest.raises(SettingsError) as caught:
        DatabaseURL.parse(text)
    assert caught.value.message == message
    assert "canary" not in caught.value.remedy
    assert caught.value.exit_code == 2


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("postgresql://u:canary%00@h/d", "it holds a null byte"),
        ("postgresql://u:canary%ff@h/d", "it holds bytes that are no UTF-8"),
        ("postgresql://u:canary\udcff@h/d", "it holds bytes that are no UTF-8"),
        (f"postgresql://u:canary@h:{'9' * 5000}/d", "its port is no number from 1 to 65535"),
    ],
)
def test_what_no_address_can_hold_is_refused(text: str, problem: str) -> None:
    with pytest.raises(SettingsError) as caught:
        DatabaseURL.parse(text)
    assert caught.value.message == f"the database URL is malformed: {problem}"


def test_a_plus_is_a_space_for_sqlalchemy_only() -> None:
    for scheme, name in (("postgresql", "a+b"), ("postgresql+psycopg", "a b")):
        url = DatabaseURL.parse(f"{scheme}://h/d?application_name=a+b")
        assert url.query == {"application_name": name}
        assert DatabaseURL.parse(url.libpq()).query == url.query


def test_what_follows_the_question_mark_wins_as_with_libpq() -> None:
    url = DatabaseURL.parse("postgresql://u@h:1/d?host=/run/a b&port=2&dbname=e&user=v")
    assert (url.host, url.port, url.user, url.database) == ("/run/a b", 2, "v", "e")
    assert DatabaseURL.parse(url.libpq()) == url


def test_a_password_of_three_stars_is_one() -> None:
    url = DatabaseURL.parse("postgresql://u:***@h/d?sslpassword=x")
    assert url.libpq() == "postgresql://u:%2A%2A%2A@h:5432/d?sslpassword=x"
