"""Templates of development servers: the data of a server whose database is at head, for the next one.

A template is built on a throwaway server of its own, which nobody else can reach, and believed only
as long as all that decided on its content is the same, byte by byte.
"""

from __future__ import annotations

import contextlib
import json
import os
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from dbtasks import private_files
from dbtasks.results import Restored
from dbtasks.revisions import read_history
from dbtasks.server_template import inputs
from dbtasks.server_template.names import DRAFT, LOCK, RECORD, TAR
from dbtasks.servers import docker_plan as plan
from dbtasks.servers import throwaway
from dbtasks.servers.kept_data import KeptData, take
from dbtasks.servers.throwaway.client import DockerRefusedError
from dbtasks.servers.throwaway.image import DockerImage
from dbtasks.state import State

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    from dbtasks.migrator.run import Watcher
    from dbtasks.results import Applied, Outcome
    from dbtasks.servers.throwaway import ThrowawayServer
    from dbtasks.settings import Settings

_KEPT = 2


@dataclass(frozen=True, kw_only=True)
class ServerTemplate:
    """A template; `applied` are the revisions that ran for it just now, none if it was there."""

    data: KeptData
    made: str
    revisions: int
    applied: tuple[Applied, ...] = ()

    def told(self, outcome: Outcome) -> Restored:
        """Return what a run did that found the database at head already."""
        return Restored(
            applied=self.applied + outcome.applied,
            current=outcome.current,
            pending=outcome.pending,
            made=self.made,
            revisions=self.revisions,
        )


def forget(settings: Settings) -> None:
    """Remove all templates of the server, once nobody is building one."""
    state = State(settings)
    with state.lock(settings.key + LOCK, last=True):
        for path in (*_files(settings), state.path(settings.key + DRAFT)):
            path.unlink(missing_ok=True)


def _files(settings: Settings) -> Iterator[Path]:
    for ending in (RECORD, TAR):
        yield from State(settings).folder.glob(f"{settings.key}.*{ending}")


class _ImpossibleError(Exception):
    """What came of the revisions cannot be kept for the next time, or need not be the same then."""


class ServerTemplates:
    """The templates of one project's development server, in its state folder.

    `tell` receives what a person has to know, `watcher` every revision that runs.
    """

    def __init__(
        self,
        settings: Settings,
        setup: Sequence[str],
        say: Callable[[str], None],
        tell: Callable[[str], None],
        watcher: Watcher | None = None,
    ) -> None:
        self._settings, self._setup = settings, tuple(setup)
        self._say, self._tell, self._watcher = say, tell, watcher
        self._state = State(settings)

    def get(self) -> ServerTemplate | None:
        """Return the template for a server as it is wanted now, built if there is none; None if none can be.

        Raises:
            MigrationError: there are several heads, or a revision fails.
            ServerError: the throwaway server does not start.
        """
        image = DockerImage.get(self._settings, self._say)
        key = inputs.key(self._settings, image.id, self._setup)
        with self._state.lock(self._settings.key + LOCK):
            found = self._find(image, key)
            if found is not None:
                return found
            try:
                return self._build(image, key)
            except _ImpossibleError as reason:
                self._tell(
                    f"there can be no template of the server, so the revisions run: {reason}"
                )
                return None

    def _find(self, image: DockerImage, key: str) -> ServerTemplate | None:
        """Return the template of a key if everything is as it was when it was made."""
        try:
            told = json.loads(self._path(key, RECORD).read_text(encoding="utf-8"))
            tar = self._path(key, TAR)
            if told["key"] != key or not inputs.are_the_same(self._settings, told["inputs"]):
                return None
            if tar.stat().st_size != told["size"]:
                return None
            data = KeptData(
                path=tar,
                image=image.about,
                digest=str(told["digest"]),  # looked at when the file is read anyway
                identifier=str(told["identifier"]),
                password=str(told["password"]),
            )
            return ServerTemplate(
                data=data, made=str(told["made"]), revisions=int(told["revisions"])
            )
        except (OSError, ValueError, KeyError, TypeError, AttributeError):
            return None  # absent, of another version, or damaged

    def _build(self, image: DockerImage, key: str) -> ServerTemplate | None:
        history = read_history(self._settings)
        history.check_one_head()
        if history.computed:
            raise _ImpossibleError("Alembic has to run some files to know their identifiers")
        self._say("building a server at head, as the template of this one and the next")
        server = throwaway.throwaway_server(self._settings, self._say, kind="docker", on_disk=True)
        with server as running:
            record, applied = self._built(running, image, key)
        # Last, when nothing of the building is left: a record tells of a whole template.
        record["revisions"] = len(history.revisions)
        private_files.write(self._path(key, RECORD), json.dumps(record))
        found = self._find(image, key)
        return found and replace(found, applied=applied)

    def _built(
        self, server: ThrowawayServer, image: DockerImage, key: str
    ) -> tuple[dict[str, Any], tuple[Applied, ...]]:
        """Bring a server to head and take its data; return what to remember of it, and what ran."""
        from dbtasks import maintenance
        from dbtasks.migrator import Migrator
        from dbtasks.server_template.witness import Witness
        from dbtasks.servers import cluster_data

        settings, url = self._settings, server.url.with_database(self._settings.database)
        if cluster_data.has_scripts(server.url):
            raise _ImpossibleError("the image has scripts for the first start")
        before = inputs.project_modules(settings)
        maintenance.create(url)
        maintenance.set_up(url, self._setup)
        witness = Witness((url.host, url.port))
        migrator = Migrator(settings, url, watcher=self._watcher, tell=self._tell)
        migrator.environment.around = witness.watching
        outcome = migrator.upgrade()
        if witness.untold:
            raise _ImpossibleError(f"of the migrations: {', '.join(sorted(witness.untold))}")
        if outcome.pending:
            raise _ImpossibleError("the database did not come to head")
        megabytes, limit = maintenance.size(url) // 2**20, settings.rehearsal_limit
        if megabytes > limit:
            raise _ImpossibleError(f"it has {megabytes} MB, and rehearsal_limit is {limit}")
        record = {
            "key": key,
            "made": datetime.now(UTC).isoformat(timespec="seconds"),
            "inputs": inputs.heard(settings, witness, imported_before=bool(before)),
            "identifier": cluster_data.identifier(server.url),
            "password": server.url.password,
        }
        if inputs.key(settings, image.id, self._setup) != key:
            raise _ImpossibleError("a file changed meanwhile")
        folder = plan.data_path(image.about, settings.postgres)
        try:
            if not self._keep(server, folder, key, record):
                raise _ImpossibleError("its server did not end in order")
        except (DockerRefusedError, OSError) as error:
            raise _ImpossibleError(str(error)) from None
        return record, outcome.applied

    def _keep(self, server: ThrowawayServer, folder: str, key: str, record: dict[str, Any]) -> bool:
        """Take the server's data, under a name of their own once they are whole; tell whether they are."""
        for path in self._old():
            path.unlink(missing_ok=True)
        draft = self._state.path(self._settings.key + DRAFT)
        draft.unlink(missing_ok=True)
        try:
            if not take(server.where, folder, draft):
                return False
            with draft.open("rb") as file:
                os.fsync(file.fileno())
            record.update(size=draft.stat().st_size, digest=inputs.digest(draft))
            draft.replace(self._path(key, TAR))
        finally:
            draft.unlink(missing_ok=True)
        return True

    def _old(self) -> Iterator[Path]:
        """Yield the files of all templates but the newest ones, and those without a record."""
        with contextlib.suppress(OSError):
            files = list(_files(self._settings))
            records = [path for path in files if path.name.endswith(RECORD)]
            records.sort(key=lambda path: path.stat().st_mtime)
            kept = {path.name.removesuffix(RECORD) for path in records[-_KEPT + 1 :]}
            for path in files:
                if path.name.removesuffix(RECORD).removesuffix(TAR) not in kept:
                    yield path

    def _path(self, key: str, ending: str) -> Path:
        return self._state.folder / f"{self._settings.key}.{key[:16]}{ending}"
