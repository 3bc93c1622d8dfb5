"""At-head templates: databases kept to be cloned, keyed by the content of the history."""

from __future__ import annotations

import contextlib
import hashlib
import os
import secrets
import socket
from typing import TYPE_CHECKING

from dbtasks import maintenance

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from pathlib import Path

    import psycopg

    from dbtasks.url import DatabaseURL

TEMPLATE = "dbtasks_template_"
THROWAWAY = "dbtasks_throwaway_"
COMPLETE = "dbtasks template, complete"
_KEPT = 3
_BUILD_TIMEOUT = 600.0


def content_key(files: Iterable[Path], *texts: str) -> str:
    """Return 16 hex digits that change with the name or content of any file, or with any text."""
    digest = hashlib.sha256()
    for path in sorted(files):
        digest.update(f"{path.name}\0{path.stat().st_size}\0".encode())
        digest.update(path.read_bytes())
    for text in texts:
        digest.update(f"\0{text}".encode())
    return digest.hexdigest()[:16]


class Templates:
    """The templates of one project on one server, and the throwaway databases cloned from them.

    `owner` tells projects on a shared server apart.
    """

    def __init__(self, server: DatabaseURL, owner: str, say: Callable[[str], None]) -> None:
        digest = hashlib.sha256(owner.encode()).hexdigest()[:8]
        self._server, self._prefix, self._say = server, f"{TEMPLATE}{digest}_", say
        self._connection: psycopg.Connection | None = None
        self._reaped = False

    @contextlib.contextmanager
    def connected(self) -> Iterator[None]:
        """Work on one connection meanwhile, instead of one for each clone and each drop."""
        if self._connection is not None:
            yield
            return
        with maintenance.connect_any(self._server) as self._connection:
            try:
                yield
            finally:
                self._connection = None

    def server_version(self) -> str:
        """Return the version of the server."""
        return maintenance.server_version(self._server, on=self._connection)

    def get(self, key: str, build: Callable[[DatabaseURL], None]) -> DatabaseURL:
        """Return the template of `key`; `build` brings an empty database to head if there is none.

        The mark of completeness is written last, so what a killed process leaves is built anew.
        """
        url = self._server.with_database(self._prefix + key)
        if self._is_complete(url):
            return url
        with maintenance.advisory_lock(self._server, url.database, timeout=_BUILD_TIMEOUT):
            if self._is_complete(url):
                return url
            self._reap()
            maintenance.drop(url)
            self._say("building a database at head, to be cloned from now on")
            maintenance.create(url)
            build(url)
            maintenance.seal(url)  # an env.py with a pool is still connected
            maintenance.comment(url, f"{COMPLETE} {secrets.token_hex(4)}")
            self._prune(url.database)
        return url

    @contextlib.contextmanager
    def clone(self, template: DatabaseURL) -> Iterator[DatabaseURL]:
        """Yield a throwaway copy of a template, or of any database that nobody is using."""
        with self._throwaway() as url:
            maintenance.clone(template, url, on=self._connection)
            self._own(url)
            yield url

    @contextlib.contextmanager
    def empty(self) -> Iterator[DatabaseURL]:
        """Yield a throwaway database with nothing in it."""
        with self._throwaway() as url:
            maintenance.create(url)
            self._own(url)
            yield url

    @contextlib.contextmanager
    def _throwaway(self) -> Iterator[DatabaseURL]:
        self._reap()
        name = f"{THROWAWAY}{os.getpid()}_{_here()}{secrets.token_hex(4)}"
        url = self._server.with_database(name)
        try:
            yield url
        finally:
            maintenance.drop(url, on=self._connection)

    def _own(self, url: DatabaseURL) -> None:
        text = f"dbtasks throwaway of {os.getpid()} on {socket.gethostname()}"
        maintenance.comment(url, text, on=self._connection)

    def _is_complete(self, url: DatabaseURL) -> bool:
        found = maintenance.comments(self._server, url.database, on=self._connection)
        return found.get(url.database, "").startswith(COMPLETE)

    def _prune(self, newest: str) -> None:
        """Drop all but a few templates of this project; branches switch back and forth."""
        complete = maintenance.comments(self._server, self._prefix)
        old = [name for name in maintenance.by_age(self._server, complete) if name != newest]
        for name in old[: -_KEPT or None]:
            maintenance.drop(self._server.with_database(name))

    def _reap(self) -> None:
        """Drop the throwaway databases of processes of this machine that are gone, the first time."""
        if self._reaped:
            return
        self._reaped = True
        if not self._left_over():
            return
        with maintenance.advisory_lock(self._server, THROWAWAY, timeout=_BUILD_TIMEOUT):
            for name in self._left_over():
                maintenance.drop(self._server.with_database(name))

    def _left_over(self) -> list[str]:
        """Return the databases whose owner is gone; one without a comment tells it by its name."""
        found = []
        for name, text in maintenance.comments(
            self._server, THROWAWAY, on=self._connection
        ).items():
            pid, _, host = text.removeprefix("dbtasks throwaway of ").partition(" on ")
            if not text:
                pid, _, rest = name.removeprefix(THROWAWAY).partition("_")
                host = socket.gethostname() if rest.startswith(_here()) else ""
            if host == socket.gethostname() and pid.isdecimal() and not _is_alive(int(pid)):
                found.append(name)
        return found


def _here() -> str:
    """Return 8 hex digits of this machine's name."""
    return hashlib.sha256(socket.gethostname().encode()).hexdigest()[:8]


def _is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
