"""Throwaway servers against testcontainers, and `db.recreate` against the docker client and Alembic."""

from __future__ import annotations

import contextlib
import json
import os
import secrets
import socket
import subprocess
import sys
from dataclasses import replace
from typing import TYPE_CHECKING

from benchmarks.benchmark import Benchmark, BenchmarkError, Run, Side, nothing
from benchmarks.lab import (
    IMAGE,
    Lab,
    call,
    content,
    development_server,
    invoke,
    point_to,
    url_of,
)
from benchmarks.peers import peer_python, peer_versions
from dbtasks.servers import throwaway
from dbtasks.servers.throwaway import docker as throwaway_docker
from dbtasks.servers.throwaway.image import DockerImage
from dbtasks.url import DatabaseURL

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from contextlib import AbstractContextManager

# Both leave the server running, so that ending it is not measured, and tell how to end it.
OURS = """import json
import sys
from pathlib import Path

import psycopg

from dbtasks.servers.throwaway import start
from dbtasks.settings import load_settings

image, major, owner, reuse = sys.argv[1:]
flags = {"postgres": major, "image": image, "user": "bench"}
settings = load_settings(root=Path.cwd(), flags=flags)
server = start(settings, kind="docker", reuse=reuse == "reuse", owner=int(owner))
with psycopg.connect(**server.url.connect_args()) as connection:
    print("answer", *connection.execute("SELECT 1").fetchone())
print(json.dumps(server.handle))
"""
PEER = """import json
import sys

import psycopg
from testcontainers.community.postgres import PostgresContainer

server = PostgresContainer(sys.argv[1], driver=None).start()
with psycopg.connect(server.get_connection_url()) as connection:
    print("answer", *connection.execute("SELECT 1").fetchone())
print(json.dumps({"where": server.get_wrapped_container().id}))
"""
# What a user of docker and Alembic types to begin anew.
RECREATE = """set -eu
name=$1 image=$2 port=$3 data=$4 python=$5
docker rm --force "$name"
docker volume rm "$name"
docker run --detach --name "$name" --env POSTGRES_PASSWORD=bench --volume "$name:$data" \\
    --publish "127.0.0.1:$port:5432" "$image"
until docker exec "$name" pg_isready --quiet --host 127.0.0.1; do sleep 0.1; done
"$python" -m alembic upgrade head
"""


def _throwaway(how: str) -> Callable[[Lab], AbstractContextManager[tuple[Side, Side]]]:
    @contextlib.contextmanager
    def prepare(lab: Lab) -> Iterator[tuple[Side, Side]]:
        lab.check_docker()
        python = peer_python("testcontainers")
        lab.versions["testcontainers"] = peer_versions(python, "testcontainers").split()[1]
        folder, ours, peer = lab.new_folder("throwaway"), "ours.py", "peer.py"
        (folder / ours).write_text(OURS)
        (folder / peer).write_text(PEER)
        kept: list[dict[str, str]] = []
        try:
            yield (
                Side(
                    name=f"throwaway server, {how}",
                    argv=(sys.executable, ours, IMAGE, lab.major, str(os.getpid()), how),
                    folder=folder,
                    before=(lambda: _forget_seed(lab)) if how == "first" else nothing,
                    after=(lambda run: kept.append(_handle(run))) if how == "reuse" else _stop,
                    found=_answer,
                ),
                Side(
                    name="testcontainers",
                    argv=(python, peer, lab.image),
                    folder=folder,
                    environ={"TESTCONTAINERS_RYUK_DISABLED": "true"},
                    after=_remove,
                    found=_answer,
                ),
            )
        finally:
            for handle in kept[-1:]:
                throwaway.stop(handle)

    return prepare


def _answer(run: Run) -> object:
    if "answer 1" not in run.output:
        raise BenchmarkError(f"no answer, but: {run.output[-2000:]}")
    return "answer 1"


def _handle(run: Run) -> dict[str, str]:
    line = run.output.strip().rpartition("\n")[2]
    if not line.startswith("{"):
        raise BenchmarkError(f"no server told of, but: {run.output[-2000:]}")
    handle: dict[str, str] = json.loads(line)
    return handle


def _stop(run: Run) -> None:
    throwaway.stop(_handle(run))


def _remove(run: Run) -> None:
    argv = ["docker", "rm", "--force", "--volumes", _handle(run)["where"]]
    subprocess.run(argv, check=True, capture_output=True)


def _forget_seed(lab: Lab) -> None:
    """Remove the seed of the benchmark's own user, so that the image was never used before."""
    settings = replace(lab.settings(lab.folder), user="bench")
    image = DockerImage.get(settings, lambda _: None)
    seed = throwaway_docker.seed_of(image, settings)
    if seed is not None:
        subprocess.run(
            ["docker", "volume", "rm", "--force", seed.name], check=True, capture_output=True
        )


def _recreate(
    environ: Mapping[str, str],
) -> Callable[[Lab], AbstractContextManager[tuple[Side, Side]]]:
    return lambda lab: recreate(lab, environ)


@contextlib.contextmanager
def recreate(lab: Lab, more: Mapping[str, str]) -> Iterator[tuple[Side, Side]]:
    """Prepare a development server of each side, with the database at head."""
    lab.check_docker()
    ours, peers = lab.project("recreate", lab.revisions), lab.project("by-hand", lab.revisions)
    name, port = f"dbtasks-bench-{secrets.token_hex(4)}", _free_port()
    url = DatabaseURL.parse(f"postgresql://postgres:bench@127.0.0.1:{port}/postgres")
    point_to(peers, url)
    (peers / "recreate.sh").write_text(RECREATE)
    data = "/var/lib/postgresql" + ("" if int(lab.major) >= 18 else "/data")
    call(peers, "docker", "volume", "create", name)
    with development_server(lab, ours, "recreate") as environ:
        environ = {**environ, **more}
        try:
            call(peers, "docker", "create", "--name", name, "--volume", f"{name}:{data}", lab.image)
            call(ours, *invoke("db.init"), environ=environ)
            yield (
                Side(
                    name="invoke db.recreate",
                    argv=invoke("db.recreate", "--yes"),
                    folder=ours,
                    environ=environ,
                    found=lambda _: content(url_of(ours, environ)),
                ),
                Side(
                    name="docker rm, volume rm, run, wait, alembic upgrade",
                    argv=("sh", "recreate.sh", name, lab.image, str(port), data, sys.executable),
                    folder=peers,
                    found=lambda _: content(url),
                ),
            )
        finally:
            subprocess.run(["docker", "rm", "--force", name], check=False, capture_output=True)
            subprocess.run(["docker", "volume", "rm", name], check=False, capture_output=True)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


BENCHMARKS = (
    Benchmark(
        name="throwaway-warm",
        what="throwaway server to SELECT 1, image used before",
        peer="testcontainers, same image",
        target=0.3,
        prepare=_throwaway("warm"),
    ),
    Benchmark(
        name="throwaway-first",
        what="throwaway server to SELECT 1, first time",
        peer="testcontainers, same image",
        target=0.7,
        prepare=_throwaway("first"),
    ),
    Benchmark(
        name="throwaway-reused",
        what="throwaway server to SELECT 1, reused",
        peer="testcontainers, same image",
        target=0.1,
        prepare=_throwaway("reuse"),
    ),
    Benchmark(
        name="recreate",
        what="db.recreate, 300 revisions, development server",
        peer="docker rm, volume rm, run, wait, alembic upgrade",
        target=0.5,
        prepare=_recreate({}),
        rounds=3,
    ),
    Benchmark(
        name="recreate-template",
        what="the same with recreate_from_template",
        peer="docker rm, volume rm, run, wait, alembic upgrade",
        target=0.5,
        prepare=_recreate({"DBTASKS_RECREATE_FROM_TEMPLATE": "true"}),
        rounds=3,
    ),
)
