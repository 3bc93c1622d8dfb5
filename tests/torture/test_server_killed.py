"""The server killed in the middle of a migration: what was committed is there, and db.migrate goes on."""

from __future__ import annotations

import os
import signal
import subprocess
from typing import TYPE_CHECKING

import psutil
import pytest

from histories import succeeded
from torture.lab import Lab
from torture.victim import Moment, run

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture(params=["local", "docker"])
def lab(request: pytest.FixtureRequest, tmp_path: Path, docker_image: str) -> Iterator[Lab]:
    if request.param == "docker":
        request.getfixturevalue("docker_engine")
    lab = Lab.make(tmp_path / "lab", request.param, "per_revision", docker_image)
    yield lab
    lab.remove()


def kill_server(lab: Lab) -> None:
    name = lab.project.environ["DBTASKS_NAME"]
    if lab.project.environ["DBTASKS_SERVER"] == "docker":
        container = lab.database.server.status().where.removeprefix("container ")
        subprocess.run(["docker", "kill", "-s", "KILL", container], check=True, capture_output=True)
        return
    found = [
        process.pid
        for process in psutil.process_iter(["cmdline"])
        if name in " ".join(process.info["cmdline"] or [])
        and process.info["cmdline"][0].endswith("postgres")
    ]
    assert len(found) == 1, found
    os.kill(found[0], signal.SIGKILL)


def test_what_was_committed_is_there_and_the_next_migrate_goes_on(lab: Lab) -> None:
    lab.learn()
    lab.put("start")
    clean = lab.inventory()
    fate = run(
        lab.project,
        ("invoke", "db.migrate"),
        Moment(line=2),
        strike=lambda: kill_server(lab),
        held=True,
    )
    assert fate.code in {3, 4}, fate
    assert not any("Traceback" in line for line in fate.lines), fate
    assert any(line.startswith("remedy: ") for line in fate.lines), fate
    refused = lab.project.invoke("db.migrate")
    assert refused.code == 3, refused
    assert "invoke db.start" in refused.err, refused
    succeeded(lab.project.invoke("db.start"))
    url = lab.running
    lab.check_state(url)
    lab.check_data(url)
    succeeded(lab.project.invoke("db.migrate"))
    lab.check_state(url, (lab.history[-1],))
    lab.check_data(url)
    assert lab.inventory() - clean == set()
