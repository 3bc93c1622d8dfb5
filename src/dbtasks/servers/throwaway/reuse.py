"""Reuse: a throwaway server that stays for the next run on a developer's machine."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import re
from pathlib import Path
from typing import TYPE_CHECKING

from dbtasks import private_files
from dbtasks.errors import ServerError
from dbtasks.servers.docker_plan import image_name
from dbtasks.servers.throwaway.base import PREFIX, Order, ThrowawayServer
from dbtasks.servers.throwaway.owner import HandleFile
from dbtasks.servers.throwaway.parameters import parameters
from dbtasks.state import State

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from dbtasks.settings import Settings

_KEPT = "kept-"


def is_allowed(say: Callable[[str], None]) -> bool:
    """Tell whether a server may stay: not in CI."""
    if os.environ.get("CI", "").lower() in {"", "0", "false"}:
        return True
    say("CI is set: the throwaway server is not kept for the next run")
    return False


def is_kept(name: str) -> bool:
    """Tell from a server's name whether it was made to stay."""
    return name.startswith(PREFIX + _KEPT)


def find_or_make(
    settings: Settings,
    say: Callable[[str], None],
    attach: Callable[[Mapping[str, str]], ThrowawayServer],
    make: Callable[[Order], ThrowawayServer],
    kind: str,
) -> ThrowawayServer:
    """Return the kept server if it answers with the password that was kept, else a new one.

    Raises:
        ServerError: what `make` raises, or `busy`.
    """
    options = parameters(settings.server_options)
    wanted = [settings.key, kind, image_name(settings), options, settings.user]
    name = _KEPT + hashlib.sha256(json.dumps(wanted).encode()).hexdigest()[:12]
    state = State(settings)
    path = state.path(f"throwaway-{name}.json")
    with state.lock(path.stem):
        server = _read(path, attach)
        if server is not None and _answers(server):
            path.touch()
            say(f"using the throwaway {server.kind} server at {server.url.place} again")
            return server
        path.with_suffix(".pgpass").unlink(missing_ok=True)
        path.touch(mode=0o600)  # without it the server would count as left over
        try:
            server = make(Order.of(settings, HandleFile(path=path), say, name))
        except BaseException:
            path.unlink(missing_ok=True)
            raise
        private_files.write(path, json.dumps(server.handle))
    return server


def handle_file(settings: Settings, server: ThrowawayServer) -> Path:
    """Return the file by which later runs find a kept server."""
    name = Path(server.where).name.removeprefix("dbtasks-")
    return State(settings).folder / f"{name}.json"


def password_file(settings: Settings, server: ThrowawayServer) -> Path:
    """Return a file for libpq's PGPASSFILE with the password of a kept server, written anew."""
    path = handle_file(settings, server).with_suffix(".pgpass")
    url = server.url
    user, password = (re.sub(r"([:\\])", r"\\\1", part) for part in (url.user, url.password))
    private_files.write(
        State(settings).path(path.name), f"{url.host}:{url.port}:*:{user}:{password}\n"
    )
    return path


def _read(
    path: Path, attach: Callable[[Mapping[str, str]], ThrowawayServer]
) -> ThrowawayServer | None:
    """Return the server of a handle file; None if there is none, or only half of one."""
    with contextlib.suppress(FileNotFoundError, ValueError, KeyError, TypeError):
        return attach(json.loads(path.read_text(encoding="utf-8")))
    return None


def _answers(server: ThrowawayServer) -> bool:
    from dbtasks import maintenance

    try:
        with maintenance.connect(server.url) as connection:
            connection.execute("SELECT 1")
    except ServerError:
        return False
    return True
