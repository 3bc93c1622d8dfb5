"""The Docker engine restarted or killed in the middle of db.init, in the full form: an engine that nobody else notices.

It has a network namespace and a bridge to itself. Without, it would use the bridge of the machine's engine; and an engine
that is to have no bridge removes `docker0`, whosever it is.
"""

from __future__ import annotations

import contextlib
import json
import os
import secrets
import shutil
import subprocess
import sys
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

import psutil
import pytest

from conftest import missing
from torture import project as projects
from torture.victim import Moment, run

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from consumers import Done, Project

_LIMIT = 60.0
_STOPPING = 90.0  # a container in its first start takes all of its stop timeout, 60 s
_BRIDGE = "torture0"  # a name of its own: what is written to /sys would meet the machine's docker0


@dataclass
class Engine:
    """A Docker engine in a network namespace of its own."""

    folder: Path
    namespace: str
    process: subprocess.Popen[bytes] | None = None

    @property
    def host(self) -> str:
        """What DOCKER_HOST has to be."""
        return f"unix://{self.folder}/docker.sock"

    @property
    def inside(self) -> tuple[str, ...]:
        """What a command has to begin with to see the engine's published ports."""
        return ("nsenter", f"--net=/run/netns/{self.namespace}")  # ip netns exec would hide cgroups

    def start(self) -> None:
        """Start it, and wait until it answers."""
        places = {"data-root": "data", "exec-root": "exec", "pidfile": "pid"}
        options = [f"--{name}={self.folder / place}" for name, place in places.items()]
        with (self.folder / "log").open("ab") as log:
            self.process = subprocess.Popen(
                [*self.inside, "dockerd", *options, f"--host={self.host}", f"--bridge={_BRIDGE}"],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        limit = time.monotonic() + _LIMIT
        while self._docker("info").returncode:
            assert self.process.poll() is None, (self.folder / "log").read_text()[-2000:]
            assert time.monotonic() < limit, (self.folder / "log").read_text()[-2000:]
            time.sleep(0.1)

    def end(self) -> None:
        """End it as a service manager would: what does not go, with a container half started, is killed."""
        if self.process is None or self.process.poll() is not None:
            return
        all_of_it = self._all_of_it()
        self.process.terminate()
        try:
            self.process.wait(_STOPPING)
        except subprocess.TimeoutExpired:
            self._kill(all_of_it)

    def kill(self) -> None:
        """End it and its containerd by SIGKILL; what runs in containers is left to itself."""
        self._kill(self._all_of_it())

    def _all_of_it(self) -> list[psutil.Process]:
        assert self.process is not None
        engine = psutil.Process(self.process.pid)
        return [engine, *engine.children(recursive=True)]

    def _kill(self, processes: list[psutil.Process]) -> None:
        assert self.process is not None
        for process in processes:  # containerd, too, or the next engine would not start
            with contextlib.suppress(psutil.NoSuchProcess):
                process.kill()
        self.process.wait(_LIMIT)
        # Where the first process of the machine reaps nobody, the next engine would wait for the dead one.
        (self.folder / "exec" / "containerd" / "containerd.pid").unlink(missing_ok=True)

    def lines(self, *arguments: str) -> list[str]:
        """Return what the docker client prints."""
        done = self._docker(*arguments)
        assert done.returncode == 0, done
        return done.stdout.split()

    def load(self, image: str) -> None:
        """Take an image from the machine's engine."""
        with subprocess.Popen(["docker", "save", image], stdout=subprocess.PIPE) as saving:
            argv = ["docker", "--host", self.host, "load", "--quiet"]
            subprocess.run(argv, stdin=saving.stdout, check=True, capture_output=True)

    def _docker(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        argv = ["docker", "--host", self.host, *arguments]
        return subprocess.run(argv, capture_output=True, text=True, check=False, timeout=_LIMIT)


@pytest.fixture(scope="module")
def engine(
    tmp_path_factory: pytest.TempPathFactory, docker_engine: None, docker_image: str
) -> Iterator[Engine]:
    if os.geteuid() != 0 or shutil.which("ip") is None or shutil.which("dockerd") is None:
        missing("a second Docker engine wants root, ip and dockerd")
    engine = Engine(tmp_path_factory.mktemp("engine"), f"torture{secrets.token_hex(3)}")
    subprocess.run(["ip", "netns", "add", engine.namespace], check=True)
    try:
        for words in (
            "link set lo up",
            f"link add name {_BRIDGE} type bridge",
            f"address add 172.31.255.1/24 dev {_BRIDGE}",
            f"link set {_BRIDGE} up",
        ):
            subprocess.run([*engine.inside, "ip", *words.split()], check=True)
        engine.start()
        engine.load(docker_image.format(version=18))
        yield engine
    finally:
        with contextlib.suppress(AssertionError):
            for container in engine.lines("ps", "--all", "--quiet"):
                engine.lines("rm", "--force", "--volumes", container)
        engine.end()
        subprocess.run(["ip", "netns", "delete", engine.namespace], check=True)
        shutil.rmtree(engine.folder / "data", ignore_errors=True)


@pytest.fixture
def project(engine: Engine, tmp_path: Path, docker_image: str) -> Iterator[Project]:
    project = projects.make(
        "per_revision",
        tmp_path,
        DBTASKS_SERVER="docker",
        DBTASKS_NAME=f"torture{secrets.token_hex(4)}",
        DBTASKS_DATABASE="shop",
        DBTASKS_IMAGE=docker_image,
        DOCKER_HOST=engine.host,
    )
    yield project
    succeeded(engine, project, "db.destroy", "--yes")
    assert engine.lines("ps", "--all", "--quiet") == []
    kept = engine.lines("volume", "ls", "--quiet", "--filter", "label=dbtasks.seed")
    assert engine.lines("volume", "ls", "--quiet") == kept


def succeeded(engine: Engine, project: Project, *task: str) -> Done:
    done = project.run(*engine.inside, sys.executable, "-m", "invoke", *task)
    assert done.code == 0, done
    return done


@pytest.mark.parametrize("line", [1, 2, 3, 6])
@pytest.mark.parametrize("how", ["restarted", "killed"])
def test_the_next_init_ends_well(how: str, line: int, engine: Engine, project: Project) -> None:
    def restart() -> None:
        if how == "killed":
            engine.kill()
        else:
            engine.end()
        engine.start()

    fate = run(
        project, ("invoke", "db.init"), Moment(line=line), strike=restart, inside=engine.inside
    )
    assert fate.code in {0, 3, 4}, fate
    assert not any("Traceback" in one for one in fate.lines), fate
    succeeded(engine, project, "db.init")
    status = json.loads(succeeded(engine, project, "db.status", "--json").out)
    assert (status["pending"], status["server"]["state"]) == (0, "running")
    assert len(engine.lines("ps", "--all", "--quiet")) == 1
    volumes = engine.lines("volume", "ls", "--quiet", "--filter", "label=dbtasks.key")
    assert len(volumes) == 1, volumes
