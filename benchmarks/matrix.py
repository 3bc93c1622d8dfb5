"""Five majors: `upgrade head` and check of a history in our cells against the loop of a shell.

Ours runs as many cells side by side as there are processors, as nox does; the loop one after the other.
"""

from __future__ import annotations

import os
import shlex
import sys
import tempfile
from pathlib import Path

from modelled import write_project
from side_by_side import IMAGE, REVISIONS, Side, compare, versions

MAJORS = os.environ.get("BENCH_MAJORS", "14 15 16 17 18").split()
ROUNDS = int(os.environ.get("BENCH_ROUNDS", "3"))
CELL = 'exec "$1" -m pytest -q --pyargs dbtasks.proofs -k "upgrade or models" --db-server docker --postgres "$2"'
LOOP = """set -eu
python=$1 image=$2
shift 2
for major in "$@"; do
    name=bench-$$-$major
    docker run --detach --name "$name" --env POSTGRES_PASSWORD=bench --publish 127.0.0.1::5432 \
        "$(echo "$image" | sed "s/{version}/$major/")" >/dev/null
    trap 'docker rm --force --volumes "$name" >/dev/null' EXIT
    until docker exec "$name" pg_isready --quiet --host 127.0.0.1; do sleep 0.1; done
    port=$(docker port "$name" 5432/tcp | head -n 1 | sed 's/.*://')
    sed "s|^sqlalchemy.url = .*|sqlalchemy.url = postgresql+psycopg://postgres:bench@127.0.0.1:$port/postgres|" \
        alembic.ini >loop.ini
    "$python" -m alembic --config loop.ini upgrade head
    "$python" -m alembic --config loop.ini check
    docker rm --force --volumes "$name" >/dev/null
    trap - EXIT
done
"""


def main() -> None:
    """Print the ratio."""
    versions("dbtasks", "alembic", "SQLAlchemy", "psycopg", "pytest", "pyperf")
    with tempfile.TemporaryDirectory() as temporary:
        root = Path(temporary) / "project"
        write_project(root, REVISIONS)
        (root / "loop.sh").write_text(LOOP)
        script = shlex.join(("sh", "-c", CELL, "cell", sys.executable))
        cells = f"printf '%s\\n' {' '.join(MAJORS)} | xargs -n 1 -P {os.cpu_count()} {script}"
        environ = {"DBTASKS_REQUIRE_ALL": "1", "DBTASKS_IMAGE": IMAGE}
        ours = Side(
            name="dbtasks.proofs, cells side by side",
            argv=("sh", "-c", cells),
            folder=root,
            environ=environ,
        )
        peer = Side(
            name="docker run, alembic upgrade, check, docker rm",
            argv=("sh", "loop.sh", sys.executable, IMAGE, *MAJORS),
            folder=root,
        )
        ours.try_out("2 passed")
        peer.try_out("No new upgrade operations detected.")
        title = f"{len(MAJORS)} majors, {REVISIONS} revisions"
        compare(title, ours, peer, target=0.4, rounds=ROUNDS, values=1, warmups=0)


if __name__ == "__main__":
    main()
