"""Invalid indexes of the revisions that run: left by this run or an earlier one, told, dropped on demand.

Only an index that a revision is about to build, or has just failed to build, is ever dropped: who
left another one is not known here.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import psycopg
import sqlalchemy
from psycopg import sql

from dbtasks import maintenance
from dbtasks.environment import concurrently
from dbtasks.environment.errors import sqlstate
from dbtasks.environment.limits import asked, in_autocommit
from dbtasks.errors import MigrationError

if TYPE_CHECKING:
    from collections.abc import Callable

    from sqlalchemy import Connection

    from dbtasks.catalog.invalid_indexes import InvalidIndex
    from dbtasks.environment import Environment
    from dbtasks.environment.concurrently import Concurrently

CODE = "invalid-index"
# The index of a table is in the table's schema, whatever the search_path.
_TABLE = """
    SELECT format('%I.%I', n.nspname, c.relname) FROM pg_class c JOIN pg_namespace n ON n.oid = relnamespace
    WHERE c.oid = to_regclass({name})
"""
_INDEX_OF_TABLE = """
    SELECT format('%I.%I', n.nspname, p.parts[array_upper(p.parts, 1)])
    FROM pg_class c JOIN pg_namespace n ON n.oid = relnamespace, parse_ident({index}) AS p (parts)
    WHERE c.oid = to_regclass({name})
"""
# One that serves a constraint cannot be dropped.
_DEFINITION = """
    SELECT n.nspname, c.relname, pg_get_indexdef(c.oid)
    FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE i.indisvalid AND format('%%I.%%I', n.nspname, c.relname) = %s AND i.indrelid = to_regclass(%s)
      AND NOT EXISTS (SELECT FROM pg_constraint WHERE conindid = i.indexrelid)
"""
_IS_THERE, _IS_NOT_THERE = "42P07", "42704"


class LeftIndexes:
    """Looks for invalid indexes before and after a statement CONCURRENTLY; drops with `fix`."""

    def __init__(self, environment: Environment, tell: Callable[[str], None], *, fix: bool) -> None:
        self._environment, self._tell, self.fix = environment, tell, fix
        self._doing: Concurrently | None = None
        self._table: str | None = None
        self._index: str | None = None
        self._before: frozenset[int] = frozenset()
        self._others_told = False

    def attach(self, connection: Connection) -> None:
        """Look on at the connection that the revisions run on."""
        sqlalchemy.event.listen(
            connection, "before_cursor_execute", lambda *a: self._begin(a[0], a[2])
        )

    def left(self) -> tuple[InvalidIndex, ...]:
        """Return what the statement that has just failed left: new, and of the names it has."""
        if self._doing is None:
            return ()
        return tuple(
            one
            for one in self._read()
            if one.oid not in self._before
            and (one.of_reindex if self._doing.verb == "REINDEX" else self._is_ours(one))
        )

    def remedy(self, left: tuple[InvalidIndex, ...], *, upgrade: bool) -> str:
        """Return what to do about what a failed statement left; nothing for nothing."""
        doing = self._doing
        if doing is None or not left:
            return ""
        if doing.verb == "DROP":
            return "run this again: the index is half dropped"
        commands = "; ".join(one.command for one in left)
        if doing.verb == "CREATE" and upgrade:
            return (
                "mend what it failed of, then invoke db.migrate --fix, which drops the invalid index"
                f" and builds it anew; by hand: {commands}"
            )
        return f"mend what it failed of, drop what it left ({commands}), then run this again"

    def remedy_of_done(self, cause: BaseException) -> str:
        """Return what to do if the statement failed because it had been done before; nothing for nothing.

        A run that is killed after such a statement, before the version table says so, does it again.
        """
        doing, state = self._doing, sqlstate(cause)
        if doing is None:
            return ""
        if doing.verb == "DROP" and state == _IS_NOT_THERE:
            return (
                "if a killed run dropped it, let the revision drop it with IF EXISTS (if_exists=True),"
                " then run this again"
            )
        if doing.verb != "CREATE" or state != _IS_THERE or self._index is None:
            return ""
        assert self._environment.url is not None
        with maintenance.connect(self._environment.url) as connection:
            found = connection.execute(_DEFINITION, [self._index, self._table]).fetchone()
        if found is None:
            return ""
        schema, name, definition = found
        drop = sql.SQL("DROP INDEX CONCURRENTLY {}").format(sql.Identifier(schema, name))
        return (
            f"a valid index of that name is there: {definition}; if a killed run built it,"
            f" drop it, then run this again: {drop.as_string(None)}"
        )

    def may_build_again(self, left: tuple[InvalidIndex, ...]) -> bool:
        """Tell whether the statement that has just failed may run again, once `left` is dropped."""
        doing = self._doing
        if doing is None or doing.verb != "CREATE" or not self.fix:
            return False
        return all(self._is_ours(one) for one in left)

    def drop(self, index: InvalidIndex) -> None:
        """Drop an invalid index, waiting for old transactions as long as building it may.

        Raises:
            MigrationError: with code `invalid-index`.
        """
        assert self._environment.url is not None
        limit = self._environment.settings.concurrently_lock_timeout
        with maintenance.connect(self._environment.url) as connection:
            try:
                connection.execute("SELECT set_config('lock_timeout', %s, false)", [limit])
                connection.execute(index.drop)
            except psycopg.Error as error:
                raise MigrationError(
                    f"the invalid index {index.name} could not be dropped: {error.diag.message_primary or error}",
                    remedy=f"drop it by hand, then run this again: {index.command}",
                    code=CODE,
                ) from error
        self._tell(f"dropped the invalid index {index.name} of {index.table}, to build it anew")

    def _begin(self, connection: Connection, statement: str) -> None:
        """Stop before what an earlier failure left: IF NOT EXISTS would take it for done."""
        self._doing = concurrently.read(statement) if in_autocommit(connection) else None
        if self._doing is None:
            return
        self._table, self._index = _names(connection, self._doing)
        found = self._read()
        self._before = frozenset(one.oid for one in found)
        if self._doing.verb != "CREATE":
            return
        ours = [one for one in found if self._is_ours(one)]
        self._tell_others([one for one in found if one not in ours])
        for one in ours:
            if not self.fix:
                raise _in_the_way(one)
            self.drop(one)

    def _is_ours(self, index: InvalidIndex) -> bool:
        doing = self._doing
        if doing is None or doing.verb == "REINDEX":
            return False
        if doing.verb == "DROP":
            return index.name == self._index
        if doing.index is None:  # PostgreSQL names it: what is new on the table is it
            return index.table == self._table and index.oid not in self._before
        return (index.table, index.name) == (self._table, self._index)

    def _tell_others(self, others: list[InvalidIndex]) -> None:
        if self.fix and others and not self._others_told:
            self._others_told = True
            lines = [f"  {one.name} of {one.table}: {one.command}" for one in others]
            self._tell(
                "\n".join(
                    ["--fix leaves other invalid indexes alone, which this does not build:", *lines]
                )
            )

    def _read(self) -> tuple[InvalidIndex, ...]:
        from dbtasks.catalog import invalid_indexes  # few runs need it

        assert self._environment.url is not None
        with maintenance.look(self._environment.url) as connection:
            return invalid_indexes.read(connection)


def _names(connection: Connection, doing: Concurrently) -> tuple[str | None, str | None]:
    """Return the full names of table and index, as the session's search_path has them."""
    index = sql.Literal(doing.index)
    if doing.table is None:
        return None, doing.index and asked(connection, sql.SQL(_TABLE).format(name=index))
    table = sql.Literal(doing.table)
    return (
        asked(connection, sql.SQL(_TABLE).format(name=table)),
        doing.index and asked(connection, sql.SQL(_INDEX_OF_TABLE).format(index=index, name=table)),
    )


def _in_the_way(index: InvalidIndex) -> MigrationError:
    return MigrationError(
        f"the index {index.name} of {index.table} is there, and invalid:"
        " it was left by a CREATE INDEX CONCURRENTLY that failed",
        remedy=f"invoke db.migrate --fix drops it and builds it anew; by hand: {index.command}",
        code=CODE,
    )
