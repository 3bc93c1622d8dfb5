"""The matrix against a loop of the shell, the stairway against pytest-alembic."""

from __future__ import annotations

import contextlib
import sys
from typing import TYPE_CHECKING

from benchmarks.benchmark import Benchmark, BenchmarkError, Run, Side, prints
from benchmarks.lab import IMAGE, MAJORS, Lab
from benchmarks.peers import peer_python, peer_versions

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

NOXFILE = """import dbtasks.nox

dbtasks.nox.migrations(VERSIONS, install=None, server="docker")
"""
LOOP = """set -eu
python=$1 image=$2
shift 2
for major in "$@"; do
    name=bench-$$-$major
    docker run --detach --name "$name" --env POSTGRES_PASSWORD=bench --publish 127.0.0.1::5432 \\
        "$(echo "$image" | sed "s/{version}/$major/")" >/dev/null
    trap 'docker rm --force --volumes "$name" >/dev/null' EXIT
    until docker exec "$name" pg_isready --quiet --host 127.0.0.1; do sleep 0.1; done
    port=$(docker port "$name" 5432/tcp | head -n 1 | sed 's/.*://')
    sed "s|^sqlalchemy.url = .*|sqlalchemy.url = postgresql+psycopg://postgres:bench@127.0.0.1:$port/postgres|" \\
        alembic.ini >loop.ini
    "$python" -m alembic --config loop.ini upgrade head
    "$python" -m alembic --config loop.ini check
    docker rm --force --volumes "$name" >/dev/null
    trap - EXIT
done
"""
# The peer's environment has no other plugins; ours is that of our tests, and to import hypothesis takes 0.2 s.
PROOFS = ("-p", "dbtasks.pytest_plugin", "--pyargs", "dbtasks.proofs")
NO_OTHER_PLUGINS = {"PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}
# A database of its own on the server, as ours has.
PEERS_CONFTEST = """import os
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


@contextlib.contextmanager
def matrix(lab: Lab) -> Iterator[tuple[Side, Side]]:
    """Prepare a project with a noxfile, and the loop that it replaces."""
    lab.check_docker(*MAJORS)
    folders = [lab.project(name, lab.revisions) for name in ("matrix", "loop")]
    versions = f"[{', '.join(MAJORS)}]"
    (folders[0] / "noxfile.py").write_text(NOXFILE.replace("VERSIONS", versions))
    (folders[1] / "loop.sh").write_text(LOOP)
    yield (
        Side(
            name="nox -s migrations",
            argv=(
                sys.executable,
                *["-m", "nox", "-s", "migrations", "--", "-k", "upgrade or models"],
            ),
            folder=folders[0],
            environ={"DBTASKS_REQUIRE_ALL": "1", "DBTASKS_IMAGE": IMAGE},
            found=_times("2 passed", len(MAJORS)),
        ),
        Side(
            name="docker run, alembic upgrade, check, docker rm",
            argv=("sh", "loop.sh", sys.executable, IMAGE, *MAJORS),
            folder=folders[1],
            found=_times("No new upgrade operations detected.", len(MAJORS)),
        ),
    )


def _times(text: str, count: int) -> Callable[[Run], object]:
    def look(run: Run) -> object:
        if run.output.count(text) != count:
            raise BenchmarkError(f"not {count} times {text!r}, but: {run.output[-2000:]}")
        return f"{count} majors"

    return look


@contextlib.contextmanager
def stairway(lab: Lab) -> Iterator[tuple[Side, Side]]:
    """Prepare the same history for both, on one server in memory."""
    python = peer_python("pytest==8.*", "pytest-alembic==0.13.*")
    lab.versions["pytest-alembic"] = peer_versions(python, "pytest-alembic").split()[1]
    folders = [
        lab.project("stairway", lab.revisions),
        lab.project("peers-stairway", lab.revisions, engine_given=True),
    ]
    (folders[1] / "tests").mkdir()
    (folders[1] / "tests" / "conftest.py").write_text(PEERS_CONFTEST)
    proofs = ["-m", "pytest", "-q", *PROOFS, "-k", "stairway"]
    consistency = ["-m", "pytest", "-q", "--test-alembic", "-k", "up_down_consistency"]
    yield (
        Side(
            name="dbtasks.proofs, stairway",
            argv=(sys.executable, *proofs),
            folder=folders[0],
            environ={**NO_OTHER_PLUGINS, "DBTASKS_THROWAWAY_URL": lab.in_memory.libpq()},
            found=prints(f"{lab.revisions} passed"),
        ),
        Side(
            name="pytest-alembic, test_up_down_consistency",
            argv=(python, *consistency),
            folder=folders[1],
            environ={"BENCH_URL": lab.in_memory.sqlalchemy()},
            found=prints("1 passed"),
        ),
    )


BENCHMARKS = (
    Benchmark(
        name="matrix",
        what="matrix of five majors, upgrade and check, 300",
        peer="sequential shell loop",
        target=0.4,
        prepare=matrix,
        rounds=3,
        warm_up="ours",
    ),
    Benchmark(
        name="stairway",
        what="stairway proof, 300 revisions",
        peer="pytest-alembic, up-down consistency",
        target=0.7,
        prepare=stairway,
        rounds=3,
        warm_up="ours",
    ),
)
