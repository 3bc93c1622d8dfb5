"""The lock on one server at the Docker engine, for every checkout of this account that shares it."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

from dbtasks.errors import ServerError
from dbtasks.servers.account import server_account
from dbtasks.servers.cache import cache_folder, make_cache
from dbtasks.state import locked

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from dbtasks.settings import Settings
    from dbtasks.state import State


@contextlib.contextmanager
def engine_lock(
    state: State, settings: Settings, name: str, *, last: bool = False
) -> Iterator[None]:
    """Hold the lock of the state folder and, if the server has a name to be shared by, the account's.

    `last` is as for `State.lock`.

    Raises:
        ServerError: another process held one of them for twice the start timeout.
    """
    with state.lock(name, last=last), contextlib.ExitStack() as stack:
        folder = None if settings.sources["name"] == "default" else _folder()
        if folder is not None:
            path, timeout = folder / f"{name}.lock", settings.start_timeout * 2
            stack.enter_context(locked(path, name=name, timeout=timeout, last=last))
        yield


def _folder() -> Path | None:
    """Return the account's folder, None if there is nowhere to have one."""
    try:
        folder = cache_folder(server_account())
        make_cache(folder)
    except (OSError, ServerError):
        return None
    return folder
