"""One project on one kind of server, brought to a known state again and again."""

from __future__ import annotations

import contextlib
import secrets
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from dbtasks import catalog, maintenance
from dbtasks.database import Database
from dbtasks.errors import ServerError
from dbtasks.settings import load_settings
from histories import execute, rows, version
from torture import branches
from torture import project as projects
from torture.inventory import inventory

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from consumers import Project
    from dbtasks.catalog import Fingerprint
    from dbtasks.settings import Settings
    from dbtasks.url import DatabaseURL

_PRECIOUS = """
    CREATE SCHEMA precious;
    CREATE TABLE precious.thing AS SELECT n AS id, md5(n::text) AS name FROM generate_series(1, 500) n
"""
_LOOK = "SELECT count(*) || ' ' || md5(string_agg(id || name, ',' ORDER BY id)) FROM precious.thing"
_BUSY = (
    "SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
    " AND backend_type = 'client backend'"
)
_SETTLING = 15.0


@dataclass
class Lab:
    """A project and its server. `start` and `head` are copies of its database at base and at head."""

    project: Project
    flavour: str
    known: dict[tuple[str, ...], list[Fingerprint]] = field(default_factory=dict)
    precious: str = ""

    @classmethod
    def make(cls, folder: Path, kind: str, flavour: str, image: str) -> Lab:
        """Make the project; nothing runs yet."""
        folder.mkdir(parents=True)
        environ = {
            "DBTASKS_SERVER": kind,
            "DBTASKS_NAME": f"torture{secrets.token_hex(4)}",
            "DBTASKS_DATABASE": "shop",
            "DBTASKS_IMAGE": image,
        }
        if flavour == "server_template":
            environ["DBTASKS_RECREATE_FROM_TEMPLATE"] = "true"
        return cls(projects.make(flavour, folder, **environ), flavour)

    @property
    def history(self) -> tuple[str, ...]:
        """The revisions, oldest first."""
        return projects.history(self.flavour)

    def _settings(self, **flags: object) -> Settings:
        own = {k: v for k, v in self.project.environ.items() if k.startswith("DBTASKS_")}
        return load_settings(root=self.project.root, environ=own, flags=flags)

    @property
    def database(self) -> Database:
        """The project's database, as if nobody had looked at it before."""
        return Database(self._settings())

    def at(self, major: int) -> Database:
        """Return the project's database on the server of another PostgreSQL major."""
        return Database(self._settings(postgres=major))

    @property
    def url(self) -> DatabaseURL | None:
        """The database's address while its server runs."""
        status = self.database.server.status()
        return status.url if status.state == "running" else None

    @property
    def running(self) -> DatabaseURL:
        """The database's address; its server is started if need be."""
        return self.url or self.database.server.start()

    def learn(self) -> None:
        """Make database and server, and remember the catalog at each revision."""
        url = self.database.create()
        execute(url, _PRECIOUS)
        self.precious = rows(url, _LOOK)[0]
        self.known[()] = [_catalog(url)]
        start, head = (url.with_database(name) for name in ("start", "head"))
        maintenance.clone(url, start)
        if self.flavour == "branches":
            with branches.moved(self.project):
                self._walk(url, (branches.THEIRS, *branches.OURS))
            maintenance.drop(url)
            maintenance.clone(start, url)
        self._walk(url, self.history)
        maintenance.clone(url, head)

    def _walk(self, url: DatabaseURL, revisions: tuple[str, ...]) -> None:
        for revision in revisions:
            self.database.migrate(revision)
            self.known.setdefault((revision,), []).append(_catalog(url))

    def put(self, copy: str) -> None:
        """Let the database be as its copy `start` or `head` is."""
        url = self.running
        if not maintenance.exists(url.with_database("start")):
            self._forget()
            self.learn()
        maintenance.drop(url)
        maintenance.clone(url.with_database(copy), url)

    def drop_templates(self) -> None:
        """Remove what db.check keeps."""
        for name in maintenance.comments(self.running, "dbtasks_"):
            maintenance.drop(self.running.with_database(name))

    def remove(self) -> None:
        """Remove the server with everything."""
        self.database.destroy()
        if self.flavour == "old_major":
            for major in (projects.OLD, projects.NEW):
                self.at(major).destroy()

    def _forget(self) -> None:
        maintenance.drop(self.running)
        self.known.clear()

    def settled(self) -> DatabaseURL | None:
        """Return the address once nobody is connected to the database any more; None when there is none."""
        url = self.url
        if url is None or not _answers(url):
            return None
        until(lambda: not rows(url, _BUSY), "the killed process's sessions end")
        return url

    def check_state(self, url: DatabaseURL, expected: tuple[str, ...] | None = None) -> None:
        """Check that the catalog is that of what the version table says, and that nothing is lost."""
        told = _version(url)
        assert expected is None or told == expected, (told, expected)
        assert told in self.known, told
        found = _catalog(url)
        differences = [_differences(one, found) for one in self.known[told]]
        assert [] in differences, (told, differences)

    def check_data(self, url: DatabaseURL) -> None:
        """Check that what was committed before is there."""
        assert rows(url, _LOOK) == [self.precious]

    def has_data(self, url: DatabaseURL) -> bool:
        """Tell whether the rows of before are in the database."""
        return bool(rows(url, "SELECT 1 FROM pg_namespace WHERE nspname = 'precious'"))

    def inventory(self, *pids: int) -> set[str]:
        """Return what there is of the project on this machine."""
        return inventory(self.project, self.url, pids)

    def is_left(self, clean: set[str], *pids: int) -> bool:
        """Tell whether just what a clean run leaves is there, or is so in a moment."""
        limit = time.monotonic() + _SETTLING
        while self.inventory(*pids) != clean:
            if time.monotonic() > limit:
                return False
            time.sleep(0.1)  # what was killed may take a moment to be gone
        return True

    def check_left(self, clean: set[str], *pids: int) -> None:
        """Check that nothing more is there than after a clean run."""
        self.is_left(clean, *pids)
        found = self.inventory(*pids)
        assert found - clean == set(), sorted(found - clean)
        assert clean - found == set(), sorted(clean - found)


def until(happened: Callable[[], object], what: str) -> None:
    """Wait until something has happened."""
    limit = time.monotonic() + _SETTLING
    while not happened():
        assert time.monotonic() < limit, what
        time.sleep(0.02)


def _answers(url: DatabaseURL) -> bool:
    with contextlib.suppress(ServerError):
        return maintenance.exists(url)
    return False


def _catalog(url: DatabaseURL) -> Fingerprint:
    with maintenance.connect(url) as connection:
        return catalog.read(lambda query: connection.execute(query.encode()))


def _differences(one: Fingerprint, other: Fingerprint) -> list[str]:
    """Leave out the version table, which stays when all is rolled back."""
    found = [str(change) for change in catalog.changes(one, other)]
    return [line for line in found if "alembic_version" not in line]


def _version(url: DatabaseURL) -> tuple[str, ...]:
    exists = rows(url, "SELECT to_regclass('alembic_version') IS NOT NULL")[0]
    return tuple(version(url)) if exists else ()
