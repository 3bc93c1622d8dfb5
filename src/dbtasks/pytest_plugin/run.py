"""One run of pytest: its settings, its throwaway server, and the databases at head to clone."""

from __future__ import annotations

import contextlib
import json
import re
import secrets
import shlex
import shutil
import tempfile
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from dbtasks import maintenance, policy, private_files
from dbtasks.database import Database
from dbtasks.environment import Environment
from dbtasks.errors import ServerError
from dbtasks.proof_exceptions import FILE_NAME, read_exceptions
from dbtasks.revisions import read_history
from dbtasks.servers import throwaway
from dbtasks.servers.throwaway import ThrowawayServer
from dbtasks.servers.throwaway.interruption import ending_is_an_exception
from dbtasks.servers.throwaway.reuse import (
    handle_file,
    is_allowed,
    is_kept,
    password_file,
)
from dbtasks.settings import find_root, load_settings
from dbtasks.state import locked

if TYPE_CHECKING:
    from collections.abc import Iterator

    import pytest

    from dbtasks.proof_exceptions import KnownException
    from dbtasks.revisions import History
    from dbtasks.settings import Settings
    from dbtasks.throwaway import Throwaways
    from dbtasks.url import DatabaseURL

_START_LIMIT = 300.0
_SERVER = "server.json"
_KEPT = "kept_"


class Run:
    """What the fixtures of one run share; in a worker of pytest-xdist, with the other workers.

    The controller's process owns the server and removes it, whichever worker started it.
    """

    def __init__(self, config: pytest.Config) -> None:
        self._config = config
        self._folder, self._owner = getattr(config, "workerinput", {}).get(
            "dbtasks_run", ("", None)
        )
        self._is_worker = hasattr(config, "workerinput")
        self._server: ThrowawayServer | None = None
        self._exit = contextlib.ExitStack()
        self._made = contextlib.ExitStack()
        self._templates: dict[str, DatabaseURL] = {}

    @cached_property
    def wanted(self) -> Settings:
        """The project's settings with this run's options, wherever they lead to."""
        option = self._config.getoption
        flags = {"postgres": option("postgres"), "server": option("db_server")}
        here, root = self._config.invocation_params.dir, self._config.rootpath
        return load_settings(
            # pytest's own root may be above the project's, where the whole repository is configured
            root=find_root(root if root.is_relative_to(here) else here),
            database=option("dbtasks_database"),
            flags=flags,
        )

    @cached_property
    def history(self) -> History:
        """The project's revision files."""
        return read_history(self.wanted)

    @cached_property
    def settings(self) -> Settings:
        """The settings, leading to the throwaway server and nowhere else.

        Where `throwaway_url` names it, the project's own database may be on it too, and stays
        out of sight.
        """
        url = self.server().url
        sources = {**self.wanted.sources, "url": "the throwaway server of pytest"}
        named = self.wanted.throwaway_url is not None
        return replace(
            self.wanted,
            server="external",
            url=url if named else url.with_database(self.wanted.database),
            throwaway_url=url.with_database(""),
            sources=sources,
        )

    @cached_property
    def exceptions(self) -> tuple[KnownException, ...]:
        """The exceptions from the proofs that the project knows of."""
        folder = Environment(self.wanted).env_file.parent
        return read_exceptions(folder / FILE_NAME, self.history.revisions)

    @cached_property
    def throwaways(self) -> Throwaways:
        """The databases of this project on the throwaway server."""
        limit = self.wanted.revision_timeout
        return Database(self.settings).throwaways(revision_timeout=limit)

    @cached_property
    def template(self) -> DatabaseURL:
        """The database at head that is cloned."""
        return self.throwaways.template()

    def template_at(self, revision: str) -> DatabaseURL:
        """Return a database at a revision that is cloned; made once in a run, dropped at its end."""
        if revision not in self._templates:
            url = self._made.enter_context(self.throwaways.new())
            self.throwaways.upgrade(self.settings, url, revision)
            maintenance.seal(url)
            self._templates[revision] = url
        return self._templates[revision]

    @contextlib.contextmanager
    def connected(self) -> Iterator[None]:
        """Clone and drop databases on one connection meanwhile; then drop what was made to be cloned."""
        with self.throwaways.connected(), self._made:
            yield

    def server(self) -> ThrowawayServer:
        """Return the server, started when first asked for in any worker.

        Raises:
            ServerError: it cannot be had.
        """
        if self._server is None:
            self._server = self._named() or (self._shared() if self._folder else self._start())
        return self._server

    def _named(self) -> ThrowawayServer | None:
        """Return the server of the setting `throwaway_url`, if that is set.

        Raises:
            UsageError: it names the project's own database.
        """
        policy.check_throwaway(self.wanted)
        url = self.wanted.throwaway_url
        if url is None:
            return None
        return NamedServer(where=url.place, version=maintenance.server_version(url), url=url)

    def _start(self) -> ThrowawayServer:
        reuse = self.wanted.reuse_server or self._config.getoption("keep_db")
        if self._owner is None:
            self._exit.enter_context(ending_is_an_exception())
        kind = self._config.getoption("db_server")
        return throwaway.start(self.wanted, self._say, kind=kind, reuse=reuse, owner=self._owner)

    def _shared(self) -> ThrowawayServer:
        """Start the server if no other worker has, and write down how it is reached."""
        folder = Path(self._folder)
        with locked(folder / "server.lock", name="the throwaway server", timeout=_START_LIMIT):
            server = _written(folder)
            if server is None:
                server = self._start()
                private_files.write(folder / _SERVER, json.dumps(server.handle))
        return server

    def shared_folder(self) -> str:
        """Return the folder where the workers find the server that one of them has started."""
        if not self._folder:
            self._folder = tempfile.mkdtemp(prefix="dbtasks-run-")
            self._exit.enter_context(ending_is_an_exception())
        return str(self._folder)

    def keep(self, url: DatabaseURL, test: str) -> str:
        """Keep a test's database under a name that says which test's it is; return how to look at it.

        That goes to a log: the password is in a file, or in the setting `throwaway_url`.
        """
        name = re.sub(r"\W+", "_", test, flags=re.ASCII)[:40]
        kept = url.with_database(f"{_KEPT}{name}_{secrets.token_hex(3)}")
        maintenance.rename(url, kept.database)
        command = f'psql "{replace(kept, password="").libpq()}"'
        server = self.server()
        if not _may_stay(server):
            return command
        file = shlex.quote(str(password_file(self.wanted, server)))
        return f"PGPASSFILE={file} {command}"

    @property
    def may_keep(self) -> bool:
        """Whether `--keep-db` applies: in CI a server of ours goes, with all of its databases."""
        wanted = self._config.getoption("keep_db")
        return wanted and (self.wanted.throwaway_url is not None or is_allowed(self._say))

    def left_behind(self) -> list[str]:
        """Say what stays after the run, and how it is removed."""
        server = self._started()
        if server is None or not _may_stay(server) or not self._keeps(server):
            return []
        file = handle_file(self.wanted, server)
        return [f"databases were kept on {server.where}; rm {file} lets the next run remove it"]

    def close(self) -> None:
        """Remove the server, unless a database of it is to be kept, or the next run is to use it."""
        if self._is_worker:
            return
        server = self._started()
        if server is not None and not (
            _may_stay(server) and (self.wanted.reuse_server or self._keeps(server))
        ):
            server.remove()
        self._exit.close()
        if self._folder:
            shutil.rmtree(self._folder, ignore_errors=True)

    def _started(self) -> ThrowawayServer | None:
        return self._server or (_written(Path(self._folder)) if self._folder else None)

    def _keeps(self, server: ThrowawayServer) -> bool:
        if not self._config.getoption("keep_db"):
            return False
        try:
            return bool(maintenance.comments(server.url, _KEPT))
        except ServerError:  # it is gone
            return False

    def _say(self, text: str) -> None:
        reporter = self._config.pluginmanager.get_plugin("terminalreporter")
        if reporter is not None and reporter.verbosity > 0:
            reporter.write_line(f"dbtasks: {text}")


@dataclass(frozen=True, kw_only=True)
class NamedServer(ThrowawayServer):
    """The server of the setting `throwaway_url`, which somebody else starts and stops."""

    kind = "external"

    def state(self) -> str:
        """Tell whether it answers."""
        try:
            with maintenance.connect_any(self.url):
                return "running"
        except ServerError:
            return "gone"

    def log_lines(self, tail: int | None = None) -> list[str]:  # noqa: ARG002
        """Return nothing: its log is elsewhere."""
        return []

    def remove(self) -> None:
        """Leave it as it is."""


def _may_stay(server: ThrowawayServer) -> bool:
    """Tell whether a server was made to stay for the next run, which in CI none is."""
    return is_kept(Path(server.where).name)


def _written(folder: Path) -> ThrowawayServer | None:
    try:
        return throwaway.attach(json.loads((folder / _SERVER).read_text(encoding="utf-8")))
    except FileNotFoundError:
        return None
