"""The steps of an upgrade, each told by name as it begins."""

from __future__ import annotations

import contextlib
import os
import time
from dataclasses import dataclass
from typing import IO, TYPE_CHECKING

import psycopg

from dbtasks import maintenance
from dbtasks.errors import ServerError
from dbtasks.server_upgrade import census, client, plan, setting_line
from dbtasks.server_upgrade.frozen import frozen

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    from dbtasks.server_upgrade.move import Move
    from dbtasks.server_upgrade.setting_line import SettingLine
    from dbtasks.url import DatabaseURL

_MAINTENANCE = "template1"  # not postgres, which may be moved itself


@dataclass(frozen=True, kw_only=True)
class MovedDatabase:
    """One database, and what was found to be the same in both servers."""

    name: str
    tables: int
    rows: int
    sequences: int
    large_objects: int
    dump_bytes: int


@dataclass(frozen=True, kw_only=True)
class Done:
    """What one run did, as in `ServerUpgrade`."""

    version: str
    setting: SettingLine | None
    databases: tuple[MovedDatabase, ...] = ()
    differences: tuple[str, ...] = ()


class Upgrade:
    """The steps of one upgrade, each told by name as it begins.

    Until the new server is complete nothing of the old one is changed, and what is there of the new
    one has a mark; a run that finds the mark begins anew.
    """

    def __init__(self, move: Move, say: Callable[[str], None], *, accept: bool) -> None:
        self._move, self._say, self._accept = move, say, accept
        self._differences: list[str] = []

    def run(self) -> Done:
        """Move everything.

        Raises:
            ServerError: something failed or differs; the new server is removed, the old one is as
                it was.
        """
        move = self._move
        self._tell("discard", "removing what an interrupted upgrade may have left")
        self._dump.unlink(missing_ok=True)
        move.discard()
        was_running = move.old.status().state == "running"
        self._tell("old", f"starting the PostgreSQL {move.source} server")
        old = move.old.start()
        with contextlib.ExitStack() as locks:
            try:
                version, moved = self._fill(old, locks)
            except psycopg.Error as error:
                self._give_up(stop_old=not was_running)
                raise plan.failed(error) from error
            except BaseException:
                self._give_up(stop_old=not was_running)
                raise
            # Before anybody who waits for the locks can write what would be lost.
            self._tell("stop-old", f"stopping the PostgreSQL {move.source} server")
            move.old.stop()
        self._tell("setting", f"setting postgres = {move.target}")
        setting = setting_line.change(move.settings, move.target)
        self._tell("complete", "the new server is complete")
        move.complete()
        self._tell("start", f"starting the PostgreSQL {move.target} server")
        move.in_use().start()
        return Done(
            version=version,
            databases=moved,
            setting=setting,
            differences=tuple(self._differences),
        )

    def _give_up(self, *, stop_old: bool) -> None:
        self._dump.unlink(missing_ok=True)
        self._say("removing the new server again; the old one is as it was")
        with contextlib.suppress(ServerError):  # the reason is told, and the mark stays
            self._move.discard()
            if stop_old:
                self._move.old.stop()

    def _fill(
        self, old: DatabaseURL, locks: contextlib.ExitStack
    ) -> tuple[str, tuple[MovedDatabase, ...]]:
        """Make the new server and copy everything; the old one's tables stay locked in `locks`."""
        move = self._move
        self._tell("new", f"making a PostgreSQL {move.target} server beside it")
        move.begin(old.password)
        new = move.new.start()
        version = maintenance.server_version(new)
        names = census.databases(old)
        self._tell("freeze", f"letting nobody write to {_listed(names)}")
        connections = {name: locks.enter_context(frozen(old.with_database(name))) for name in names}
        self._check_extensions(connections, new)
        self._tell("roles", "copying the roles")
        self._copy_roles(old, new)
        moved = tuple(
            self._copy(old.with_database(name), new.with_database(name), connections[name])
            for name in names
        )
        self._compare_roles(old, new)
        if self._differences and not self._accept:
            raise plan.differs(move.settings, move.target, self._differences)
        return version, moved

    def _check_extensions(
        self, connections: dict[str, psycopg.Connection], new: DatabaseURL
    ) -> None:
        with maintenance.connect_any(new) as offering:
            for name, connection in connections.items():
                missing = census.missing_extensions(connection, offering)
                if missing:
                    raise plan.extensions_missing(self._move, name, missing)

    def _copy_roles(self, old: DatabaseURL, new: DatabaseURL) -> None:
        """Copy roles and what they are members of; the text has verifiers of passwords, so no file sees it."""
        move, old = self._move, old.with_database(_MAINTENANCE)
        arguments = ["--globals-only", "--no-tablespaces", "--quote-all-identifiers"]
        doing = "the roles cannot be read"
        text = client.run(move.command("pg_dumpall", old), arguments, doing=doing)
        with maintenance.connect_any(new) as connection:
            there = set(census.roles(connection))

        def only_existing(lines: Sequence[str]) -> bool:
            errors = [line for line in lines if "ERROR:" in line or "error:" in line]
            known = tuple(f'role "{name}" already exists' for name in there)
            return bool(errors) and all(line.endswith(known) for line in errors)

        client.run(
            move.command("psql", new.with_database(_MAINTENANCE)),
            ["--no-psqlrc", "--quiet", "--file", "-"],
            doing="the roles cannot be made on the new server",
            give=text,
            accept=only_existing,
        )

    def _copy(
        self, old: DatabaseURL, new: DatabaseURL, connection: psycopg.Connection
    ) -> MovedDatabase:
        name = old.database
        size = self._dump_to_file(old)
        self._tell("restore", f"restoring {name} ({_bytes(size)})")
        with maintenance.connect(new.with_database(_MAINTENANCE)) as other:
            maintenance.drop(new, on=other)
        with self._dump.open("rb") as file:
            client.run(
                self._move.command("pg_restore", new.with_database(_MAINTENANCE)),
                ["--create", "--exit-on-error", "--no-tablespaces", "--dbname", _MAINTENANCE],
                doing=f"database {name} cannot be restored on the new server",
                give=file,
                tell=lambda seconds: self._say(
                    f"restore: {_bytes(os.lseek(file.fileno(), 0, os.SEEK_CUR))}"
                    f" of {_bytes(size)} read in {seconds:.0f} s"
                ),
            )
        self._dump.unlink()
        self._tell("compare", f"comparing {name} in both servers")
        begun = time.monotonic()

        def tell(table: str) -> None:
            seconds = time.monotonic() - begun
            if seconds > 1:
                self._say(f"compare: counting {table} after {seconds:.0f} s")

        was = census.take(connection, tell)
        with maintenance.connect(new) as restored:
            now = census.take(restored, tell)
        self._differences += [f"{name}: {line}" for line in census.differences(was, now)]
        return MovedDatabase(
            name=name,
            tables=len(was.rows),
            rows=sum(map(int, was.rows.values())),
            sequences=len(was.sequences),
            large_objects=len(was.large_objects),
            dump_bytes=size,
        )

    def _dump_to_file(self, old: DatabaseURL) -> int:
        self._tell("dump", f"dumping {old.database} with pg_dump {self._move.target}")
        with _new_file(self._dump) as file:
            client.run(
                self._move.command("pg_dump", old),
                ["--format=custom", "--compress=1", "--quote-all-identifiers", "--no-password"],
                doing=f"database {old.database} cannot be dumped",
                take=file,
                tell=lambda seconds: self._say(
                    f"dump: {_bytes(self._dump.stat().st_size)} written in {seconds:.0f} s"
                ),
            )
        return self._dump.stat().st_size

    def _compare_roles(self, old: DatabaseURL, new: DatabaseURL) -> None:
        with maintenance.connect_any(old) as one, maintenance.connect_any(new) as other:
            was, now = census.roles(one), census.roles(other)
        self._differences += census.differing("role", was, now)

    @property
    def _dump(self) -> Path:
        return self._move.state.path(f"{self._move.new.settings.key}.upgrade-dump")

    def _tell(self, step: str, text: str) -> None:
        self._say(f"{step}: {text}")


@contextlib.contextmanager
def _new_file(path: Path) -> Iterator[IO[bytes]]:
    """Yield a new file that nobody else may read."""
    path.unlink(missing_ok=True)
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW
    with open(os.open(path, flags, 0o600), "wb") as file:  # noqa: PTH123
        yield file


def _bytes(count: int) -> str:
    return f"{count / 1e6:.1f} MB" if count >= 100_000 else f"{count / 1e3:.1f} kB"


def _listed(names: Sequence[str]) -> str:
    return ", ".join(names) or "no database"
