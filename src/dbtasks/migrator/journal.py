"""What the revisions of a run have made permanent, seen on their connection."""

from __future__ import annotations

import contextlib
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import sqlalchemy
from sqlalchemy.pool import Pool

from dbtasks.environment.limits import in_autocommit

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy import Connection

_MOST, _LENGTH = 10, 100
_READS = re.compile(
    r"\s*(?:SELECT|SHOW|SET|RESET|EXPLAIN|SAVEPOINT|RELEASE|ROLLBACK|BEGIN)\b", re.IGNORECASE
)
_COMMIT = re.compile(r"\s*(?:COMMIT|END)\b", re.IGNORECASE)


@dataclass(slots=True)
class Part:
    """What is known of one revision: `statements` are those that stay, whatever happens.

    `committed` says that a transaction ended while it ran, or that it ran something outside of one;
    `elsewhere` that it used another connection.
    """

    statements: list[str] = field(default_factory=list)
    more: int = 0
    committed: bool = False
    elsewhere: bool = False

    def keep(self, statement: str) -> None:
        """Note a statement that stays, a long one shortened, of many some."""
        if len(self.statements) < _MOST:
            self.statements.append(statement)
        else:
            self.more += 1

    def lines(self) -> list[str]:
        """Return what stays as lines to read."""
        return [*self.statements, *([f"and {self.more} more"] if self.more else [])]


class Journal:
    """Notes what each revision of a run commits, but for Alembic's own version table."""

    def __init__(self) -> None:
        self._parts: dict[str, Part] = {}
        self._open: list[tuple[Part, str]] = []
        self._now = Part()
        self._version_table = ""
        self._attached: Connection | None = None

    def begin(self, revision: str) -> None:
        """Note what follows for this revision."""
        self._now = self._parts[revision] = Part()

    def of(self, revision: str) -> Part:
        """Return what is known of a revision."""
        return self._parts.get(revision) or Part()

    def attach(self, connection: Connection, version_table: str) -> None:
        """Look on at the connection that the revisions run on."""
        self._version_table = version_table
        self._open.clear()
        if connection is self._attached:  # env.py is at its second try
            return
        self._attached = connection
        listen = sqlalchemy.event.listen
        listen(connection, "after_cursor_execute", lambda *a: self._executed(a[0], a[2]))
        listen(connection, "commit", lambda _: self._commit())
        listen(connection, "rollback", lambda _: self._open.clear())

    @contextlib.contextmanager
    def alone(self) -> Iterator[None]:
        """Notice when a revision takes another connection, whose work nobody sees."""

        def elsewhere(*_: Any) -> None:
            self._now.elsewhere = True

        sqlalchemy.event.listen(Pool, "checkout", elsewhere)
        try:
            yield
        finally:
            sqlalchemy.event.remove(Pool, "checkout", elsewhere)

    def _executed(self, connection: Connection, statement: str) -> None:
        if _COMMIT.match(statement):  # as before there were autocommit blocks
            self._commit()
            return
        outside = in_autocommit(connection)
        self._now.committed |= outside
        if _READS.match(statement) or self._version_table in statement:
            return
        text = " ".join(statement.split())
        text = text if len(text) <= _LENGTH else f"{text[: _LENGTH - 3]}..."
        if outside:
            self._now.keep(text)
        else:
            self._open.append((self._now, text))

    def _commit(self) -> None:
        self._now.committed = True
        for part, statement in self._open:
            part.committed = True
            part.keep(statement)
        self._open.clear()
