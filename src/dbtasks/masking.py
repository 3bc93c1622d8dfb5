"""Passwords in texts that others wrote: error messages, statements, lines of source, variables.

Our own types keep a password out of their `repr`. What a driver, Alembic or a project's file says goes
through here before anybody sees it. A text with nothing of the kind comes back as it was.
"""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

MASK = "***"

_LITERAL = r"(?:'(?:[^']|'')*(?:'|$)|\"[^\"]*(?:\"|$))"
_RULES = (
    # postgresql://user:password@host, unless a template's {password} stands there
    re.compile(
        r"(?P<before>\b[a-z][\w+.-]*://[^\s:/@]*:)(?!\{password\}@|\*\*\*@)\S*(?=@)", re.IGNORECASE
    ),
    re.compile(
        r"(?P<before>\bpostgres[\w+]*://[^\s:/@]*:)(?!\{password\}@|\*\*\*@)[^\n@]*(?=@)",
        re.IGNORECASE,
    ),
    # CREATE ROLE x PASSWORD 'password'
    re.compile(rf"(?P<before>\bPASSWORD\s+(?:E|U&)?){_LITERAL}", re.IGNORECASE),
    # password = "password", {'password': 'password'}, PASSWORD='password'
    re.compile(rf"(?P<before>passw(?:or)?d\w*[\"']?\]?\s*[=:]\s*){_LITERAL}", re.IGNORECASE),
    # host=x password=y
    re.compile(r"(?P<before>\bpassword=)(?![\s'\"*])[^\s&,;)'\"]+", re.IGNORECASE),
    # libpq of what it cannot read as NAME=VALUE
    re.compile(r"(?P<before>missing \"=\" after ).*(?= in connection)"),
)
_SECRET_NAME = re.compile(r"pass|pwd|secret|token|api_?key|credential", re.IGNORECASE)
_DATABASE_URL = re.compile(r"postgres[\w+]*://", re.IGNORECASE)
_OURS = ("DBTASKS_", "INVOKE_")
_OF_DATABASES = frozenset({"DATABASE_URL", "PGPASSWORD", "POSTGRES_PASSWORD"})


class MaskedText(str):
    """A text with a password in it: what it is made for gets all of it, a `repr` shows none.

    A failing test prints the `repr` of its arguments, a traceback that of local variables.
    """

    __slots__ = ()

    def __repr__(self) -> str:
        text = masked(self)
        return repr(MASK if text == self else text)


def masked(text: str) -> str:
    """Return a text with the passwords that can be told from it replaced."""
    for rule in _RULES:
        text = rule.sub(rf"\g<before>{MASK}", text)
    return text


def masked_variables(variables: Mapping[str, str]) -> dict[str, str]:
    """Return variables, or templates of them, to be shown: a password written out is replaced."""
    return {
        name: MASK if _SECRET_NAME.search(name) and "{" not in value else masked(value)
        for name, value in variables.items()
    }


def environment_without_passwords() -> dict[str, str]:
    """Return this process's environment for a program that works without a database's password."""
    return {
        name: value
        for name, value in os.environ.items()
        if not (name.startswith(_OURS) or name in _OF_DATABASES or _DATABASE_URL.match(value))
    }
