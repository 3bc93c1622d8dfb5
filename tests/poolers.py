"""A real PgBouncer on loopback, in front of a database."""

from __future__ import annotations

import contextlib
import os
import shutil
import socket
import subprocess
import tempfile
import time
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from dbtasks import maintenance
from dbtasks.errors import ServerError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dbtasks.url import DatabaseURL

# Its clients need no password: the server's is here, for the server alone.
_INI = """\
[databases]
* = host={url.host} port={url.port} user={url.user} password='{url.password}'
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = {port}
unix_socket_dir =
auth_type = any
pool_mode = {mode}
default_pool_size = {size}
query_wait_timeout = {patience}
server_round_robin = {round_robin}
"""


def program() -> str | None:
    """Return the path of PgBouncer, which Debian puts where only root looks."""
    return shutil.which("pgbouncer", path=f"{os.environ.get('PATH', '')}:/usr/sbin")


@contextlib.contextmanager
def pgbouncer(
    url: DatabaseURL, mode: str, *, round_robin: int = 0, size: int = 20, patience: int = 120
) -> Iterator[DatabaseURL]:
    """Run PgBouncer in a pool mode; yield the address of the database behind it.

    It has `size` connections to the server, for one of which a client waits `patience` seconds.
    """
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    path = program()
    assert path is not None
    with tempfile.TemporaryDirectory() as folder:
        ini = Path(folder, "pgbouncer.ini")
        ini.write_text(
            _INI.format(
                url=url,
                port=port,
                mode=mode,
                round_robin=round_robin,
                size=size,
                patience=patience,
            ),
            encoding="utf-8",
        )
        user = ["-u", "nobody"] if os.geteuid() == 0 else []  # it refuses to run as root
        process = subprocess.Popen(
            [path, "-q", *user, str(ini)], stdin=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        try:
            behind = replace(url, host="127.0.0.1", port=port, password="")
            _wait(behind, process)
            yield behind
        finally:
            process.kill()
            process.wait()


def _wait(url: DatabaseURL, process: subprocess.Popen[bytes]) -> None:
    limit = time.monotonic() + 30
    while True:
        try:
            with maintenance.connect(url):
                return
        except ServerError:
            if process.poll() is not None or time.monotonic() > limit:
                raise
            time.sleep(0.05)
