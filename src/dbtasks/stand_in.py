"""A throwaway database that stands in for the real one: a copy of it, or one without rows."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

from dbtasks.errors import ServerError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from dbtasks.migrator import Migrator
    from dbtasks.settings import Settings
    from dbtasks.throwaway import Throwaways
    from dbtasks.url import DatabaseURL


class StandIn:
    """What stands in for the database at `url`, which is at the revisions `current`.

    `owned` tells that dbtasks made its server.
    """

    def __init__(
        self, url: DatabaseURL, current: tuple[str, ...], settings: Settings, *, owned: bool
    ) -> None:
        self._url, self._current = url, current
        self._settings, self._owned = settings, owned

    @contextlib.contextmanager
    def made(self, throwaways: Throwaways, say: Callable[[str], None]) -> Iterator[Migrator]:
        """Yield the migrations of a copy; where none can be made, `say` tells why it has no rows."""
        with contextlib.ExitStack() as stack:
            reason, migrator = self._why_not_copied(), None
            if not reason:
                try:
                    migrator = stack.enter_context(throwaways.copy_of(self._url))
                except ServerError as error:
                    if error.code != "clone":
                        raise
                    reason = error.message
            if migrator is None:
                say(f"rehearsing on a database without rows: {reason}")
                migrator = stack.enter_context(throwaways.at(self._current))
            yield migrator

    def _why_not_copied(self) -> str:
        from dbtasks import maintenance

        told = self._settings.throwaway_url
        if (told.place != self._url.place) if told is not None else not self._owned:
            return f"nothing is copied on {self._url.place}, which dbtasks did not make"
        megabytes, limit = maintenance.size(self._url) // 2**20, self._settings.rehearsal_limit
        if megabytes > limit:
            return f"{self._url.database} has {megabytes} MB, and rehearsal_limit is {limit}"
        return ""
