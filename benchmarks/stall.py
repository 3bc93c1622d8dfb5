"""How long clients are stalled at worst while a migration wants a table that a long transaction reads.

`python benchmarks/stall.py` makes a server of its own, and prints the worst stall with db.migrate, with
the limits of an external server, and with `alembic upgrade head`. BENCH_SECONDS (10) is how long the
transaction goes on, BENCH_CLIENTS (8) how many clients write.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING

import psycopg

from dbtasks.servers.throwaway import throwaway_server
from dbtasks.settings import load_settings

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dbtasks.url import DatabaseURL

SECONDS = float(os.environ.get("BENCH_SECONDS", "10"))
CLIENTS = int(os.environ.get("BENCH_CLIENTS", "8"))
PROJECT = Path(__file__).parent.parent / "tests" / "projects" / "plain"
TASKS = "from invoke import Collection\nimport dbtasks\nns = Collection(db=dbtasks.collection())\n"
LAST = "ed7760b0e974"
REVISION = f"""\
from alembic import op

revision, down_revision = "aaaa", "{LAST}"


def upgrade():
    op.execute("ALTER TABLE note ADD COLUMN mark integer")
"""
OURS = ("invoke", "db.migrate")
PLAIN = ("alembic", "upgrade", "head")


def main() -> None:
    """Print the worst stall of each side."""
    with (
        tempfile.TemporaryDirectory(prefix="dbtasks-stall-") as folder,
        throwaway_server(load_settings(root=Path(folder), environ={}), kind="local") as server,
    ):
        for name, argv in (("invoke db.migrate", OURS), ("alembic upgrade head", PLAIN)):
            url = server.url.with_database(f"stall_{argv[0]}")
            root = project(Path(folder) / argv[0], url)
            run(root, url, "invoke", "db.init")
            (root / "migrations" / "versions" / "aaaa.py").write_text(REVISION)
            worst, seconds, writes = stalled(root, url, *argv)
            print(
                f"{name:22} worst stall {worst:6.2f} s, migration done after {seconds:5.1f} s,"
                f" {writes} writes of {CLIENTS} clients"
            )


def project(root: Path, url: DatabaseURL) -> Path:
    """Copy a project and let plain Alembic find the database too."""
    shutil.copytree(PROJECT, root)
    (root / "tasks.py").write_text(TASKS)
    ini = root / "alembic.ini"
    address = url.with_driver("psycopg").sqlalchemy().replace("%", "%%")
    ini.write_text(ini.read_text().replace("postgresql+psycopg://localhost/app", address))
    return root


def run(root: Path, url: DatabaseURL, module: str, *arguments: str) -> None:
    """Run a command in the project; stop where it fails."""
    done = subprocess.run(
        [sys.executable, "-m", module, *arguments],
        cwd=root,
        env={**os.environ, "DATABASE_URL": url.libpq()},
        capture_output=True,
        text=True,
    )
    if done.returncode:
        sys.exit(f"{module}: exit code {done.returncode}\n{done.stdout}{done.stderr}")


def stalled(root: Path, url: DatabaseURL, *argv: str) -> tuple[float, float, int]:
    """Migrate while clients write; return the worst stall, the seconds it took, and the number of writes."""
    with clients(url) as found, reader(url):
        began = time.perf_counter()
        run(root, url, *argv)
        seconds = time.perf_counter() - began
    with psycopg.connect(url.libpq()) as connection:
        row = connection.execute("SELECT version_num FROM alembic_version").fetchone()
    if row != ("aaaa",):
        sys.exit(f"{argv}: the database is at {row}")
    return max(found), seconds, len(found)


@contextlib.contextmanager
def reader(url: DatabaseURL) -> Iterator[None]:
    """Read the table in a transaction that goes on for SECONDS."""
    with psycopg.connect(url.libpq()) as connection:
        connection.execute("SELECT count(*) FROM note")
        end = threading.Timer(SECONDS, connection.commit)
        end.start()
        try:
            yield
        finally:
            end.join()


@contextlib.contextmanager
def clients(url: DatabaseURL) -> Iterator[list[float]]:
    """Let clients write; the list gets the seconds that each write took."""
    over, found = threading.Event(), [0.0]

    def write() -> None:
        with psycopg.connect(url.libpq(), autocommit=True) as connection:
            while not over.wait(0.01):
                began = time.perf_counter()
                connection.execute("INSERT INTO note (title) VALUES ('x')")
                found.append(time.perf_counter() - began)

    threads = [threading.Thread(target=write) for _ in range(CLIENTS)]
    for thread in threads:
        thread.start()
    try:
        yield found
    finally:
        over.set()
        for thread in threads:
            thread.join()


if __name__ == "__main__":
    main()
