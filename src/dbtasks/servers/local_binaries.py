"""The binaries that a local server is made with, and those that can serve its data."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dbtasks.errors import ServerError
from dbtasks.servers.binaries import Binaries, find
from dbtasks.servers.cache import prepare
from dbtasks.servers.wheels import find_or_fetch

if TYPE_CHECKING:
    from collections.abc import Callable

    from dbtasks.servers.account import Account
    from dbtasks.servers.cluster import Cluster
    from dbtasks.settings import Settings


class LocalBinaries:
    """What the settings and this machine have to offer; `say` hears of a download."""

    def __init__(self, settings: Settings, account: Account, say: Callable[[str], None]) -> None:
        self._settings, self._account, self._say = settings, account, say

    def find(self, major: int | None = None) -> Binaries:
        """Find installed binaries; of a major that is set, and not only the default, also in a wheel."""
        if self._settings.sources["postgres"] == "default":
            return find(self._settings, major)
        return find_or_fetch(self._settings, self._account, self._say, major)

    def serving(self, cluster: Cluster) -> Binaries:
        """Return the binaries that can serve the cluster's data.

        Raises:
            ServerError: there are none.
        """
        major = cluster.major()
        default = self._settings.sources["postgres"] == "default"
        if not default and major != self._settings.postgres:
            raise self._of_another_major(cluster, major)
        try:
            binaries = self.find(major)
        except ServerError as error:
            if default:
                raise self._of_another_major(cluster, major, error.details) from error
            raise
        return prepare(binaries, self._account)

    def _of_another_major(
        self, cluster: Cluster, major: int, details: tuple[str, ...] = ()
    ) -> ServerError:
        return ServerError(
            f"the data in {cluster.folder} are of PostgreSQL {major}, and no binaries of {major} are at hand",
            remedy=f"install PostgreSQL {major}, or begin with an empty server: invoke db.recreate (the data is lost)",
            code="data-major",
            details=details,
        )
