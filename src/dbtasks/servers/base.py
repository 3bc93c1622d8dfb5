"""The contract that every kind of server keeps, and the wait until a server truly answers."""

from __future__ import annotations

import shutil
import time
from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, ClassVar

from dbtasks.errors import ServerError, UsageError
from dbtasks.state import State

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from dbtasks.results import ServerStatus
    from dbtasks.servers.kept_data import KeptData
    from dbtasks.servers.other_majors import Data
    from dbtasks.settings import Settings
    from dbtasks.url import DatabaseURL

_POLL = 0.1
# Looking at a container takes 0.04 s of processor time.
_LOOK_EVERY = 0.3


class Server(ABC):
    """A PostgreSQL server of one kind, for one database of one project.

    Every method may be called in every state of the server. `say` receives one-line progress
    messages while something lasts.
    """

    kind: ClassVar[str]
    # Whether the server is ours, and so may be destroyed with its data: see dbtasks.policy.
    owned: ClassVar[bool] = True
    # Whether a server of this kind can begin with the data of another one.
    takes_data: ClassVar[bool] = False

    def __init__(self, settings: Settings, say: Callable[[str], None] = lambda _: None) -> None:
        self.settings = settings
        self.say = say
        self.state = State(settings)
        # Whether a server without data was asked for, though there are data of another major.
        self.may_begin_empty = False

    @abstractmethod
    def status(self) -> ServerStatus:
        """Look without changing anything."""

    @abstractmethod
    def start(self) -> DatabaseURL:
        """Start the server if it is not running, wait until it answers, and return the database's address.

        The database itself may not exist yet.

        Raises:
            ServerError: it did not start, or did not answer in `start_timeout` seconds.
        """

    @abstractmethod
    def stop(self) -> None:
        """Stop the server and keep its data; a stopped or absent server is left as it is."""

    @abstractmethod
    def destroy(self) -> None:
        """Remove the server with all its data; an absent server is left as it is."""

    def start_all(self) -> DatabaseURL:
        """Start the server and everything that belongs to the same compose project."""
        return self.start()

    def destroy_all(self) -> None:
        """Remove the server with every volume of its compose project.

        Raises:
            UsageError: the server is no service of a compose project.
        """
        raise UsageError(
            f"--all-volumes is for compose projects, and this server is of kind {self.kind}",
            remedy="leave it out: the database's own volume is removed anyway",
        )

    def data_of_majors(self) -> tuple[Data, ...]:
        """Return what this database has under each PostgreSQL major, where that can be told."""
        return ()

    def begin_with(self, data: KeptData) -> None:
        """Let the first start that comes next be on these data; for kinds that `takes_data` says it of."""
        raise NotImplementedError(self.kind)

    @property
    def began_with_data(self) -> bool:
        """Tell whether the server was started on the data of `begin_with`."""
        return False

    def psql(self) -> tuple[list[str], dict[str, str]]:
        """Return the argv of psql for the running database, and the variables it needs.

        Raises:
            ServerError: there is no psql on this machine.
        """
        program = shutil.which("psql")
        if program is None:
            raise ServerError(
                "there is no psql on this machine",
                remedy="install PostgreSQL's client, or give the one you have the parts of invoke db.url",
                code="no-psql",
            )
        return [program], self.address().environ()

    @abstractmethod
    def logs(self, *, tail: int | None = None, follow: bool = False) -> Iterator[str]:
        """Yield the lines of the server's log, the last `tail` ones if given."""

    def address(self) -> DatabaseURL:
        """Return the database's address without starting anything.

        Raises:
            ServerError: the server is not running.
        """
        status = self.status()
        if status.state != "running" or status.url is None:
            data, _, moves = (status.note or "").partition("; ")  # of another major
            raise ServerError(
                f"the {self.kind} server {status.where} is {status.state}{data and f'; {data}'}",
                remedy=moves
                or "invoke db.start starts it, invoke db.init also creates and migrates the database",
                code="not-running",
            )
        return status.url

    def wait(self, timeout: float) -> DatabaseURL:
        """Wait until the server runs and answers, whatever its state is now; start nothing.

        Raises:
            ServerError: `start-timeout`, or the password is refused.
        """
        limit = time.monotonic() + timeout
        told = ""
        while True:
            status = self.status()
            state = f"it is {status.state}"
            if status.state == "running":
                silence = self._silence_for_now(status.url) if status.url else None
                if status.url and silence is None:
                    return status.url
                state = silence.message if silence else "it is running and has no address"
            waited_for = f"the {self.kind} server {status.where}"
            if status.state != told:
                told = status.state
                self.say(f"waiting for {waited_for}: {state}")
            if time.monotonic() > limit:
                raise ServerError(
                    f"{waited_for} did not answer in {timeout:g} s: {state}",
                    remedy="invoke db.start starts it and shows what is in its way",
                    code="start-timeout",
                )
            time.sleep(_LOOK_EVERY)

    def explain(self, error: ServerError) -> ServerError:
        """Return what a refused connection to the running server means; `error` if it says all.

        Its code is `first-start` where another process is just giving the server its password.
        """
        return error

    def _silence_for_now(self, url: DatabaseURL) -> ServerError | None:
        """Return as `silence_of` does, also for a password that is not yet the server's."""
        try:
            return silence_of(url)
        except ServerError as error:
            explained = self.explain(error)
            if explained.code != "first-start":
                raise
            return explained


def wait_until_ready(
    url: DatabaseURL,
    *,
    timeout: float,
    say: Callable[[str], None],
    check_alive: Callable[[], None] = lambda: None,
    poll: float = _POLL,
) -> None:
    """Return once `SELECT 1` works over TCP as the application's user.

    A published port accepts before PostgreSQL listens, and the image's entrypoint runs a temporary
    server first, so every refusal but a wrong password is tried again. `check_alive` raises when
    waiting has become pointless.

    Raises:
        ServerError: no answer in `timeout` seconds, or the password is refused.
    """
    limit = time.monotonic() + timeout
    while True:
        silence = silence_of(url)
        if silence is None:
            return
        say(f"waiting for PostgreSQL at {url.place}")
        check_alive()
        if time.monotonic() > limit:
            raise ServerError(
                f"PostgreSQL at {url.place} did not answer in {timeout:g} s: {silence.message}",
                remedy="see invoke db.logs, or raise start_timeout",
                code="start-timeout",
            ) from silence
        time.sleep(poll)


def silence_of(url: DatabaseURL) -> ServerError | None:
    """Return None if the server answers the application's user, else why it may do so later.

    Raises:
        ServerError: the password is refused.
    """
    from dbtasks import maintenance

    try:
        with maintenance.connect(url) as connection:
            connection.execute("SELECT 1")
    except ServerError as error:
        if error.code == "password":
            raise
        return None if error.code == "database-missing" else error
    return None
