"""Fuzz: whatever text is given as a URL, it is read as libpq and SQLAlchemy read it, or refused in a line."""

from __future__ import annotations

import re

import psycopg
import sqlalchemy
from hypothesis import assume, given
from hypothesis import strategies as st
from psycopg.conninfo import conninfo_to_dict

from dbtasks.errors import SettingsError
from dbtasks.url import DatabaseURL
from fuzzing import check_error, fuzzed, texts

# libpq takes text without null bytes, in UTF-8; the parts of an address that dbtasks keeps.
TEXT = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=12)
HOSTS = st.one_of(
    st.from_regex(r"[a-z0-9.-]{1,12}", fullmatch=True),
    st.sampled_from(["::1", "fe80::1", "/run/postgresql", "/tmp/a b", "localhost"]),
)
PORTS = st.integers(1, 65535)
QUERIES = st.dictionaries(
    st.sampled_from(["sslmode", "application_name", "options", "sslpassword", "connect_timeout"]),
    TEXT.filter(bool),
    max_size=2,
)

OURS = ("host", "port", "user", "password", "dbname")
KEYS = st.sampled_from(["host", "port", "user", "password", "dbname", "sslmode", "options", "HOST"])
OPTIONS = st.one_of(
    texts(), st.tuples(KEYS, st.one_of(texts(), st.sampled_from(["h", "1", "a+b"]))).map("=".join)
)


@st.composite
def urls(draw: st.DrawFn) -> str:
    """Texts that are nearly URLs: the right pieces, some of them awkward, some left out."""
    pieces = (
        st.sampled_from(
            ["postgresql", "postgres", "postgresql+psycopg", "mysql", "", "PostgreSQL"]
        ),
        st.sampled_from(["://", "://", "://", ":", "//", ":///"]),
        texts(),
        st.sampled_from([":", "@", "", ":@"]),
        texts(),
        st.sampled_from(["@", "", "@@", "/"]),
        st.one_of(HOSTS, texts(), st.sampled_from(["[::1]", "[", "]", "[]"])),
        st.one_of(st.just(""), st.integers().map(":{}".format), texts().map(":{}".format)),
        st.one_of(st.just(""), texts().map("/{}".format)),
        st.one_of(
            st.just(""), st.lists(OPTIONS, max_size=3).map(lambda some: "?" + "&".join(some))
        ),
    )
    return "".join(draw(piece) for piece in pieces)


@fuzzed(300, 40_000)
@given(st.one_of(urls(), texts()))
def test_any_text_is_an_address_or_an_error_of_one_line(text: str) -> None:
    try:
        url = DatabaseURL.parse(text)
    except SettingsError as error:
        check_error(error, 2)
        return
    assert DatabaseURL.parse(url.libpq()) == url.with_driver("")
    assert DatabaseURL.parse(url.sqlalchemy()) == url.with_driver(url.driver or "psycopg")
    if url.password:
        assert str(DatabaseURL.parse(str(url)).password) == "***"
    conninfo_to_dict(
        "", **{key: value for key, value in url.connect_args().items() if key not in url.query}
    )


@fuzzed(300, 40_000)
@given(HOSTS, PORTS, TEXT, TEXT, TEXT, QUERIES)
def test_what_is_rendered_is_read_alike_by_libpq_sqlalchemy_and_dbtasks(
    host: str, port: int, user: str, password: str, database: str, query: dict[str, str]
) -> None:
    assume(user or not password)
    url = DatabaseURL(
        host=host, port=port, user=user, password=password, database=database, query=query
    )
    wanted = {
        "host": host,
        "port": str(port),
        "user": user,
        "password": password,
        "dbname": database,
    }
    wanted = {key: value for key, value in {**query, **wanted}.items() if value}
    assert conninfo_to_dict(url.libpq()) == wanted
    assert DatabaseURL.parse(url.libpq()) == url
    theirs = sqlalchemy.make_url(url.sqlalchemy())
    inside = dict(theirs.query)
    assert (theirs.host or inside.pop("host", "")) == host
    assert (theirs.port, theirs.username or "", theirs.password or "") == (port, user, password)
    assert (theirs.database or "", inside) == (database, query)


@fuzzed(60, 2_000)
@given(urls())
def test_what_libpq_takes_is_read_as_libpq_reads_it(text: str) -> None:
    try:
        theirs = conninfo_to_dict(text)
    except (psycopg.Error, UnicodeError, ValueError):
        assume(False)
    # It ends at a null byte, takes spaces away, and refuses them or not as its version has it.
    assume(not any(char.isspace() or char == "\0" for char in text))
    # libpq takes lists of hosts, no port for no host, and looks at a port when it connects.
    assume("," not in text and theirs.get("host", "h"))
    assume(re.fullmatch("0*[1-9][0-9]{0,3}", str(theirs.get("port", "1"))))
    # We take a password with an at sign or a slash for what it most likely is.
    rest = text.partition("://")[2]
    before, _, after = rest.partition("@")
    assume("@" not in after.partition("?")[0])
    assume("/" not in before or "@" not in rest.partition("?")[0])
    assume(all(theirs.get(key, "x") for key in OURS))  # nothing given, for us
    ours = DatabaseURL.parse(text).connect_args()
    wanted = {"host": "localhost", "port": "5432", **theirs}
    assert {key: str(value) for key, value in ours.items()} == wanted
