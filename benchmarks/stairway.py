"""The proof `stairway`, catalogs compared, against pytest-alembic's test_up_down_consistency, on one server."""

from __future__ import annotations

import os
import sys
import tempfile
from pathlib import Path

from modelled import write_project
from peers import peer_python, peer_versions
from side_by_side import IMAGE, REVISIONS, Side, compare, versions

from dbtasks.servers.throwaway import throwaway_server
from dbtasks.settings import load_settings

MAJOR = os.environ.get("BENCH_MAJORS", "17").split()[-1]
ROUNDS = int(os.environ.get("BENCH_ROUNDS", "3"))
CONFTEST = """import os
import uuid

import pytest
from sqlalchemy import create_engine, make_url


@pytest.fixture
def alembic_engine():
    url = make_url(os.environ["BENCH_URL"])
    server = create_engine(url, isolation_level="AUTOCOMMIT")
    name = "peer_" + uuid.uuid4().hex
    with server.connect() as connection:
        connection.exec_driver_sql(f"CREATE DATABASE {name}")
        engine = create_engine(url.set(database=name))
        yield engine
        engine.dispose()
        connection.exec_driver_sql(f"DROP DATABASE {name} WITH (FORCE)")
    server.dispose()
"""


def main() -> None:
    """Print the ratio."""
    python = peer_python("pytest==8.*", "pytest-alembic==0.13.*")
    versions("dbtasks", "alembic", "SQLAlchemy", "psycopg", "pytest", "pyperf")
    with tempfile.TemporaryDirectory() as temporary:
        root, other = Path(temporary) / "ours", Path(temporary) / "peer"
        for folder in (root, other):
            write_project(folder, REVISIONS)
        (other / "tests").mkdir()
        (other / "tests" / "conftest.py").write_text(CONFTEST)
        settings = load_settings(root=root, flags={"postgres": MAJOR, "image": IMAGE})
        with throwaway_server(settings, kind="docker") as server:
            print(
                f"PostgreSQL {server.version}; peer: {peer_versions(python, 'pytest', 'pytest-alembic')}"
            )
            ours = Side(
                name="dbtasks.proofs, stairway",
                argv=(
                    sys.executable,
                    *["-m", "pytest", "-q", "--pyargs", "dbtasks.proofs", "-k", "stairway"],
                ),
                folder=root,
                environ={"DBTASKS_THROWAWAY_URL": server.url.libpq()},
            )
            peer = Side(
                name="pytest-alembic, test_up_down_consistency",
                argv=(
                    python,
                    *["-m", "pytest", "-q", "--test-alembic", "-k", "up_down_consistency"],
                ),
                folder=other,
                environ={"BENCH_URL": server.url.sqlalchemy()},
            )
            ours.try_out(f"{REVISIONS} passed")
            peer.try_out("1 passed")
            title = f"up, down, up of {REVISIONS} revisions"
            compare(title, ours, peer, target=0.7, rounds=ROUNDS, values=1, warmups=0)


if __name__ == "__main__":
    main()
