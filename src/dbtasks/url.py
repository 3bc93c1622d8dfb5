"""DatabaseURL: the address of a database, in the forms that libpq, SQLAlchemy and people want."""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, quote, unquote, urlencode

from dbtasks.errors import SettingsError
from dbtasks.masking import MASK, MaskedText

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

DEFAULT_PORT = 5432
LOCAL_HOSTS = frozenset({"localhost", "127.0.0.1", "::1", "", "0.0.0.0"})  # noqa: S104

_SCHEME = re.compile(
    r"(?P<dialect>[A-Za-z0-9_]+)(?:\+(?P<driver>[A-Za-z0-9_]+))?://(?P<rest>.*)", re.DOTALL
)
_HOST = re.compile(
    r"(?:\[(?P<ipv6>[^\]]*)\]|(?P<host>[^:/]*))(?::(?P<port>[^/]*))?(?:/(?P<database>.*))?",
    re.DOTALL,
)
_OPTION = re.compile(r"[A-Za-z_]\w*", re.ASCII)
_PLAIN_HOST = re.compile(r"[\w.,-]*")
_LONGEST_PORT = 20
_UNDECODED = "surrogateescape"  # to be refused afterwards, instead of becoming another password
_EXAMPLE = "write it as postgresql://USER:PASSWORD@HOST:5432/DATABASE, special characters as %XX"


@dataclass(frozen=True, kw_only=True, repr=False)
class DatabaseURL:
    """The address of one database.

    `str()` and `repr()` mask the password; `sqlalchemy()` and `libpq()` do not, but their own `repr()`
    does.
    """

    host: str = "localhost"
    port: int = DEFAULT_PORT
    user: str = ""
    password: str = ""
    database: str = ""
    driver: str = ""
    query: dict[str, str] = field(default_factory=dict, hash=False)

    @classmethod
    def parse(cls, text: str) -> DatabaseURL:
        """Read a URL as libpq or SQLAlchemy writes it.

        The password may hold an unescaped `@`, `:`, `?` or `/`; a `%` that starts no `%XX` stands for
        itself. A `+` after the `?` is a space where a driver is written, as SQLAlchemy reads it, else a
        plus, as libpq does. What stands after the `?` wins, as with both. The text of the URL never appears in an error: it may hold a password.

        Raises:
            SettingsError: not a URL, or the URL of another database system.
        """
        scheme = _SCHEME.fullmatch(text.strip())
        if scheme is None:
            raise _malformed("it has no scheme")
        dialect = scheme["dialect"].lower()
        if dialect not in {"postgresql", "postgres"}:
            raise SettingsError(
                f"the database URL is for {dialect}, and dbtasks works with PostgreSQL only",
                remedy=_EXAMPLE,
                code="url",
            )
        userinfo, address, query_text = _divided(scheme["rest"])
        user, _, password = userinfo.partition(":")
        place = _HOST.fullmatch(address)
        if place is None:
            raise _malformed("no host can be read")
        if not scheme["driver"]:
            query_text = query_text.replace("+", "%2B")
        query = dict(_decoded(parse_qsl(query_text, keep_blank_values=True, errors=_UNDECODED)))
        if not all(_OPTION.fullmatch(name) for name in query):
            raise _malformed("what follows its ? is not NAME=VALUE&NAME=VALUE")
        return cls(
            host=query.pop("host", "") or _part(place["ipv6"] or place["host"]) or "localhost",
            port=_port(query.pop("port", "") or place["port"] or ""),
            user=query.pop("user", "") or _part(user),
            password=query.pop("password", "") or _part(password),
            database=query.pop("dbname", "") or _part(place["database"]),
            driver=scheme["driver"] or "",
            query=query,
        )

    @property
    def is_local(self) -> bool:
        """Whether the address is this machine (loopback or a socket directory)."""
        return self.host in LOCAL_HOSTS or self.host.startswith(("/", "127."))

    @property
    def place(self) -> str:
        """Host and port for messages, as in `127.0.0.1:5432`."""
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"

    def with_database(self, database: str) -> DatabaseURL:
        """Return the same server's address with another database."""
        return replace(self, database=database)

    def with_driver(self, driver: str) -> DatabaseURL:
        """Return the same address with another SQLAlchemy driver."""
        return replace(self, driver=driver)

    def sqlalchemy(self, driver: str = "psycopg") -> str:
        """Render for SQLAlchemy, driver always written, password included.

        A bare `postgresql://` means psycopg2 on SQLAlchemy 2.0 and psycopg on 2.1.
        """
        return MaskedText(self._render(f"postgresql+{self.driver or driver}"))

    def libpq(self) -> str:
        """Render for psql, pg_dump and other libpq tools, password included."""
        return MaskedText(self._render("postgresql"))

    def connect_args(self) -> dict[str, Any]:
        """Return keyword arguments of `psycopg.connect`."""
        given = {
            "host": self.host,
            "port": self.port,
            "user": self.user,
            "password": MaskedText(self.password),
            "dbname": self.database,
        }
        return {**self.query, **{key: value for key, value in given.items() if value}}

    def environ(self) -> dict[str, str]:
        """Return the libpq variables (`PGHOST`, ...) that lead to this database."""
        names = {
            "PGHOST": self.host,
            "PGPORT": str(self.port),
            "PGUSER": self.user,
            "PGPASSWORD": MaskedText(self.password),
            "PGDATABASE": self.database,
        }
        return {name: value for name, value in names.items() if value}

    def _render(self, scheme: str, *, masked: bool = False) -> str:
        userinfo = quote(self.user, safe="")
        if self.password:
            userinfo += ":" + (MASK if masked else quote(self.password, safe=""))
        host, query = self.host, dict(self.query)
        if masked:
            query.update(dict.fromkeys((key for key in query if "password" in key.lower()), MASK))
        if ":" in host and not host.startswith("/"):
            host = f"[{quote(host, safe=':')}]"
        elif not _PLAIN_HOST.fullmatch(host):
            query["host"], host = host, ""
        at = "@" if userinfo else ""
        tail = "?" + urlencode(query, safe="*", quote_via=quote) if query else ""
        return f"{scheme}://{userinfo}{at}{host}:{self.port}/{quote(self.database, safe='')}{tail}"

    def __str__(self) -> str:
        scheme = f"postgresql+{self.driver}" if self.driver else "postgresql"
        return self._render(scheme, masked=True)

    def __repr__(self) -> str:
        return f"DatabaseURL({str(self)!r})"


def _decoded(pairs: Iterable[tuple[str, str]]) -> Iterator[tuple[str, str]]:
    return ((_checked(key), _checked(value)) for key, value in pairs)


def _part(text: str | None) -> str:
    return _checked(unquote(text or "", errors=_UNDECODED))


def _checked(text: str) -> str:
    if "\0" in text:
        raise _malformed("it holds a null byte")
    try:
        text.encode()
    except UnicodeEncodeError:
        raise _malformed("it holds bytes that are no UTF-8") from None
    return text


def _port(text: str) -> int:
    if not text:
        return DEFAULT_PORT
    # int() refuses thousands of digits with an error of its own.
    if not text.isdecimal() or len(text) > _LONGEST_PORT or not 0 < int(text) < 65536:
        raise _malformed("its port is no number from 1 to 65535")
    return int(text)


def _divided(rest: str) -> tuple[str, str, str]:
    """Return the user and password, the host and database, and what stands after the `?`."""
    before, at, tail = rest.partition("@")
    if not at or "/" in before:
        before, at, tail = "", "", rest
    address, _, query = tail.partition("?")
    whole = f"{before}{at}{address}"
    userinfo, at, address = whole.rpartition("@")
    if at and "/" not in userinfo.partition(":")[0]:
        return userinfo, address, query
    if ":" in userinfo:  # which of the two it is cannot be told, and it may be a password
        raise SettingsError(
            "the database URL is malformed: its user has a / or its database an @",
            remedy=_EXAMPLE,
            code="url",
        )
    return "", whole, query


def _malformed(problem: str) -> SettingsError:
    return SettingsError(f"the database URL is malformed: {problem}", remedy=_EXAMPLE, code="url")
