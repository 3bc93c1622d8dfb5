"""The server that the settings lead to, as it is: looked at once, never started."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

from dbtasks.doctor.finding import Untold
from dbtasks.errors import DbtasksError, ServerError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dbtasks.database import Database
    from dbtasks.results import ServerStatus
    from dbtasks.url import DatabaseURL


class Patient:
    """The server of a database, in whatever state it is."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self.label = database.settings.label

    @cached_property
    def _looked(self) -> ServerStatus | DbtasksError:
        try:
            return self._database.server.status()
        except DbtasksError as error:
            return error

    @property
    def url(self) -> DatabaseURL | None:
        """The address of the database, None unless the server runs."""
        looked = self._looked
        return (
            looked.url
            if not isinstance(looked, DbtasksError) and looked.state == "running"
            else None
        )

    @property
    def kind(self) -> str:
        """The kind of the server."""
        return self._database.choice.kind

    @property
    def owned(self) -> bool:
        """Whether dbtasks made the server, so that something may be mended there."""
        return self._database.server.owned

    def findings(self) -> Iterator[Untold]:
        """Yield why the database cannot be looked at, if it cannot.

        Raises:
            ServerError: the server is not running, or cannot be looked at.
        """
        if isinstance(self._looked, DbtasksError):
            raise self._looked
        if self._looked.state == "absent":
            yield Untold(
                what="the database",
                code="absent",
                message=f"there is no {self._looked.kind} server yet ({self._looked.where})",
                remedy=f"invoke {self.label}.init makes it",
                exit_code=ServerError.exit_code,
                note=True,
            )
        elif self.url is None or not self.owned:
            self._database.server.address()  # which says what is wrong with it
