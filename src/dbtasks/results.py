"""What the core returns: plain values that know nothing of Alembic, Docker or a terminal."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from dbtasks.url import DatabaseURL


@dataclass(frozen=True, kw_only=True)
class ServerStatus:
    """What a server is at this moment.

    `state` is `absent` (never made, or destroyed), `stopped`, `paused`, `running` or `unreachable`;
    `url` is the address of the project's database, None while the server has no address;
    `where` names the container, the compose service, the data folder or the host; `database` is set
    by servers that know the database's name better than the settings, in every state; `note` says
    what else is to be known, as that data of another major are there.
    """

    kind: str
    state: str
    where: str
    url: DatabaseURL | None = None
    database: str | None = None
    note: str | None = None


@dataclass(frozen=True, kw_only=True)
class Standing:
    """Where a database stands against the revision files; `pending` counts what is not applied."""

    current: tuple[str, ...]
    heads: tuple[str, ...]
    pending: int


@dataclass(frozen=True, kw_only=True)
class DatabaseStatus:
    """A server and its database.

    `reason` says why this kind; what could not be told is None, and `problem` says why.
    """

    server: ServerStatus
    reason: str
    database: str
    version: str | None = None
    current: tuple[str, ...] | None = None
    heads: tuple[str, ...] | None = None
    pending: int | None = None
    problem: str | None = None


@dataclass(frozen=True, kw_only=True)
class Revision:
    """One revision of the history; `down_revision` holds several parents for a merge.

    `date` is the file's Create Date as it is written there; `author` changed the file last, if git
    was asked and knows.
    """

    revision: str
    down_revision: tuple[str, ...]
    message: str
    path: str
    is_head: bool
    is_current: bool
    branch_labels: tuple[str, ...] = ()
    depends_on: tuple[str, ...] = ()
    date: str | None = None
    author: str | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Step:
    """One revision to apply or to undo, `number` of `total`."""

    revision: str
    message: str
    path: str
    upgrade: bool
    number: int
    total: int


@dataclass(frozen=True, kw_only=True)
class RehearsedStep:
    """One revision that would be applied, and the SQL that it ran in a rehearsal."""

    revision: str
    message: str
    path: str
    sql: tuple[str, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class Applied:
    """One revision that was applied or undone, and how many seconds that took."""

    revision: str
    seconds: float


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """What a run applied or undid, and where the database is now."""

    applied: tuple[Applied, ...]
    current: tuple[str, ...]
    pending: int


@dataclass(frozen=True, kw_only=True)
class Restored(Outcome):
    """What a run did whose database came to head with its server's template.

    `made` is when that was, `revisions` how many ran then; `applied` has those of them that ran just now.
    """

    made: str
    revisions: int


@dataclass(frozen=True, kw_only=True)
class Difference:
    """One difference between the models and the migrations.

    `code` is Alembic's name of the operation, such as `add_column`; `operation` is what a revision
    would hold; `path` is the file that the difference is about, if it is about one; `table`, with its
    schema, and `column` are what it is about.
    """

    code: str
    message: str
    operation: str
    path: str | None = None
    table: str | None = field(default=None, compare=False)
    column: str | None = field(default=None, compare=False)
