"""A cluster's server brought up, also where another process has started it, or it dies meanwhile."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from dbtasks.errors import ServerError
from dbtasks.servers import ports, postmaster
from dbtasks.servers.base import wait_until_ready

if TYPE_CHECKING:
    from collections.abc import Callable

    from dbtasks.servers.cluster import Cluster
    from dbtasks.servers.local_binaries import LocalBinaries
    from dbtasks.settings import Settings
    from dbtasks.url import DatabaseURL

_ATTEMPTS = 20
_PAUSE = 0.25
# A server that dies of these may be tried again: they pass, or another port is free.
_PASSING = (
    "Address already in use",
    'lock file "postmaster.pid" already exists',
    'lock file "postmaster.pid" is empty',
    "bogus data in lock file",
    "pre-existing shared memory block",
)


class ClusterStart:
    """Brings up the servers of clusters.

    `url_of` gives the address of a cluster's server at a port, `misfit` the error for a password that
    does not fit it.
    """

    def __init__(
        self,
        settings: Settings,
        binaries: LocalBinaries,
        say: Callable[[str], None],
        *,
        url_of: Callable[[Cluster, int], DatabaseURL],
        misfit: Callable[[Cluster], ServerError],
    ) -> None:
        self._settings, self._binaries, self._say = settings, binaries, say
        self._url_of, self._misfit = url_of, misfit

    def bring_up(self, cluster: Cluster) -> DatabaseURL:
        """Start the server if it is down, wait for it, and start again if it went down meanwhile.

        Raises:
            ServerError: `no-binaries`, `data-major`, `port-taken`, `died`, `start-timeout`, `password`.
        """
        postmaster.await_unrecorded(cluster, timeout=self._settings.start_timeout)
        for attempt in range(_ATTEMPTS):
            process = postmaster.running(cluster)
            since = cluster.log_size()
            if process is None:
                binaries = self._binaries.serving(cluster)
                port = ports.choose(self._settings)
                self._say(f"starting PostgreSQL {binaries.version} from {binaries.folder}")
                pid = postmaster.launch(cluster, binaries, self._settings.server_options, port)
            else:
                pid, port = process.pid, process.port
            try:
                return self._wait(cluster, pid, port, since)
            except ServerError as error:
                if error.code != "died" or attempt == _ATTEMPTS - 1:
                    raise
                ours = process is None
                passing = any(text in line for line in error.details for text in _PASSING)
                if ours and attempt > 0 and not passing:  # the first may fall to a killed start
                    raise
            time.sleep(_PAUSE)
        raise AssertionError("the last attempt returns or raises")

    def _wait(self, cluster: Cluster, pid: int, port: int, since: int) -> DatabaseURL:
        def check_alive() -> None:
            if not postmaster.is_alive(cluster, pid):
                raise ServerError(
                    f"PostgreSQL in {cluster.folder} ended while it was starting",
                    remedy="mend what its last log lines say (server_options are given to it as they are)",
                    code="died",
                    details=cluster.last_lines(since),
                )

        url = self._url_of(cluster, port)
        try:
            wait_until_ready(
                url, timeout=self._settings.start_timeout, say=self._say, check_alive=check_alive
            )
        except ServerError as error:
            if error.code != "password":
                raise
            check_alive()  # if it is gone, another server got the port
            raise self._misfit(cluster) from error
        check_alive()
        return url
