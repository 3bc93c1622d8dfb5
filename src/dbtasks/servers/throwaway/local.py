"""The local kind of throwaway server: a process on this machine, its data in memory where possible."""

from __future__ import annotations

import contextlib
import time
from collections import deque
from pathlib import Path
from typing import TYPE_CHECKING

from dbtasks.errors import ServerError
from dbtasks.servers import drafts, ports, postmaster
from dbtasks.servers.account import make_enterable, server_account
from dbtasks.servers.cache import cache_folder, prepare
from dbtasks.servers.cluster import Cluster
from dbtasks.servers.ports import LOOPBACK
from dbtasks.servers.throwaway.base import Order, ThrowawayServer, died
from dbtasks.servers.throwaway.home import home, homes
from dbtasks.servers.throwaway.interruption import deferred
from dbtasks.servers.throwaway.owner import Owner
from dbtasks.servers.throwaway.seed import Seed, forget_unused, started_from
from dbtasks.servers.wheels import find_or_fetch
from dbtasks.state import locked
from dbtasks.url import DatabaseURL

if TYPE_CHECKING:
    from dbtasks.servers.account import Account
    from dbtasks.servers.binaries import Binaries
    from dbtasks.settings import Settings

_OWNER = "owner"
# A folder without an owner is being made this very moment, or was left by a killed process.
_GRACE = 60.0
_ATTEMPTS = 5
_STOP_TIMEOUT = 10.0


class LocalThrowaway(ThrowawayServer):
    """A process; `where` is its folder."""

    kind = "local"

    def state(self) -> str:
        """Look at the process."""
        cluster = _cluster(Path(self.where))
        return "running" if _is_there(cluster) and postmaster.running(cluster) else "gone"

    def log_lines(self, tail: int | None = None) -> list[str]:
        """Return the lines of the log file."""
        return _log(_cluster(Path(self.where)), tail)

    def remove(self) -> None:
        """Kill the server and remove its folder."""
        remove(Path(self.where))


def start(order: Order) -> LocalThrowaway:
    """Make a server and wait until it answers; leave nothing behind if it does not.

    Raises:
        ServerError: `no-binaries`, `initdb`, `died`, `start-timeout`.
    """
    account = server_account()
    binaries = find_or_fetch(order.settings, account, order.say)
    binaries = prepare(binaries, account)
    order.say(f"starting a throwaway server of PostgreSQL {binaries.version}")
    seed = seed_of(binaries, order.settings)
    return started_from(seed, lambda seed: _start(order, binaries, account, seed), _discard)


def seed_of(binaries: Binaries, settings: Settings) -> Seed | None:
    """Return the seed of what makes up the data of initdb."""
    folder = str(binaries.folder)
    return Seed.of(LocalThrowaway.kind, binaries.version, folder, settings.user, source=folder)


def _start(order: Order, binaries: Binaries, account: Account, seed: Seed | None) -> LocalThrowaway:
    folder = home(account) / order.name
    try:
        if order.replaces:
            remove(folder)
        make_enterable(folder)
        (folder / _OWNER).write_text(str(order.owner), encoding="utf-8")
        return _bring_up(order, binaries, _cluster(folder), seed)
    except BaseException as error:
        with deferred():
            remove(folder)
        if isinstance(error, OSError):
            raise ServerError(
                f"no throwaway server can be made in {folder}: {error.strerror or error}",
                remedy="make room there, or let TMPDIR name another folder",
                code="initdb",
            ) from error
        raise


def remove(folder: Path) -> None:
    """Kill the server of a folder and remove the folder, also while somebody else removes it.

    Raises:
        ServerError: it cannot be removed.
    """
    cluster = _cluster(folder)
    if _is_there(cluster):
        postmaster.stop(cluster, timeout=_STOP_TIMEOUT, immediate=True)
    try:
        drafts.remove(folder)
    except FileNotFoundError:
        return
    except OSError as error:
        raise ServerError(
            f"{folder} cannot be removed: {error}",
            remedy="remove it as the user it belongs to",
            code="remove",
        ) from error


def reap() -> int:
    """Remove the servers whose owners are gone, and return how many there were."""
    left = left_over()
    for folder in left:
        remove(folder)
    forget_unused(LocalThrowaway.kind, _discard)
    return len(left)


def left_over() -> list[Path]:
    """Return the folders of the servers whose owners are gone."""
    folders = (folder for place in homes() for folder in place.iterdir())
    return [folder for folder in folders if not _is_needed(folder)]


def _bring_up(
    order: Order, binaries: Binaries, cluster: Cluster, seed: Seed | None
) -> LocalThrowaway:
    if seed is None:
        _initdb(order, binaries, cluster, order.password)
    else:
        cluster.copy(_planted(order, binaries, cluster.account, seed), binaries.version)
    refused: set[int] = set()
    while True:
        port = ports.find_free(order.name, avoid=refused)
        try:
            return _answering(order, binaries, cluster, port, seed)
        except ServerError as error:
            taken = any("Address already in use" in line for line in error.details)
            refused.add(port)
            if not taken or len(refused) == _ATTEMPTS:
                raise


def _planted(order: Order, binaries: Binaries, account: Account, seed: Seed) -> Cluster:
    """Return the cluster of a seed, made the first time.

    Raises:
        ServerError: `busy` if it is just being made, which nobody waits for; `initdb`.
    """
    cluster = Cluster(folder=seed.cache / seed.name, account=account)
    if not cluster.exists():
        with locked(seed.cache / f"{seed.name}.lock", name=seed.name, timeout=0):
            if not cluster.exists():
                _initdb(order, binaries, cluster, seed.password)
    return cluster


def _initdb(order: Order, binaries: Binaries, cluster: Cluster, password: str) -> None:
    cluster.create(
        binaries,
        user=order.settings.user,
        password=password,
        timeout=2 * order.settings.start_timeout,
        options=["--no-sync"],
    )


def _discard(seed: str) -> None:
    with contextlib.suppress(OSError):
        drafts.remove(cache_folder(server_account()) / seed)


def _answering(
    order: Order, binaries: Binaries, cluster: Cluster, port: int, seed: Seed | None
) -> LocalThrowaway:
    pid = postmaster.launch(cluster, binaries, order.parameters, port)

    def check_alive() -> None:
        if not postmaster.is_alive(cluster, pid):
            raise died(f"PostgreSQL {binaries.version} in {cluster.folder}", cluster.last_lines())

    url = DatabaseURL(
        host=LOOPBACK,
        port=port,
        user=order.settings.user,
        password=order.password,
        database="postgres",
    )
    try:
        version = order.settle(
            url,
            password=order.password if seed is None else seed.password,
            check_alive=check_alive,
            log=cluster.last_lines,
        )
    except ServerError as error:
        if error.code == "password":  # of another server, which was faster at this port
            postmaster.stop(cluster, timeout=_STOP_TIMEOUT, immediate=True)
            check_alive()
        raise
    return LocalThrowaway(where=str(cluster.folder.parent), version=version, url=url)


def _cluster(folder: Path) -> Cluster:
    return Cluster(folder=folder / "cluster", account=server_account())


def _is_there(cluster: Cluster) -> bool:
    with contextlib.suppress(ServerError):  # a part of one
        return cluster.exists()
    return False


def _log(cluster: Cluster, tail: int | None) -> list[str]:
    try:
        with cluster.log.open(encoding="utf-8", errors="replace") as file:
            return [line.rstrip("\n") for line in deque(file, maxlen=tail)]
    except FileNotFoundError:
        return []


def _is_needed(folder: Path) -> bool:
    try:
        owner = Owner.parse((folder / _OWNER).read_text(encoding="utf-8"))
        if owner is not None:
            return owner.needs_it()
        return time.time() - folder.stat().st_mtime < _GRACE
    except FileNotFoundError:
        with contextlib.suppress(FileNotFoundError):
            return time.time() - folder.stat().st_mtime < _GRACE
        return True  # removed meanwhile
