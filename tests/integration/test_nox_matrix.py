"""The matrix as a consumer runs it: nox, the pytest plugin, throwaway servers on docker."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from conftest import IMAGE
from consumers import PROJECTS, Project
from noxfiles import folder, nox, wait_for

NOXFILE = """\
import dbtasks.nox

dbtasks.nox.migrations([17, 18], install=None, server="docker", tests=["-p", "no:xdist", "checks"], jobs=2)
dbtasks.nox.check(install=None, server="docker")
dbtasks.nox.report()
"""
CHECKS = """\
import os, signal, time

def test_the_table_is_there(dbtasks_engine):
    with dbtasks_engine.connect() as connection:
        assert connection.exec_driver_sql("select count(*) from note").scalar() == 0
        if os.environ.get("END") == "killed":
            os.kill(os.getpid(), signal.SIGKILL)
        if os.environ.get("END") == "slow":
            time.sleep(120)
"""


@pytest.fixture
def project(tmp_path: Path) -> Project:
    """A project with tests of its own, whose matrix is of two majors."""
    shutil.copytree(PROJECTS / "plain", tmp_path, dirs_exist_ok=True)
    (tmp_path / "checks").mkdir()
    (tmp_path / "checks" / "test_own.py").write_text(CHECKS, encoding="utf-8")
    made = folder(tmp_path, NOXFILE)
    return Project(made.root, {**made.environ, "DBTASKS_IMAGE": IMAGE})


def cell(project: Project, major: int) -> dict[str, Any]:
    path = project.root / "build" / "dbtasks" / "migrations" / f"pg{major}" / "result.json"
    found: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))["cell"]
    return found


@pytest.mark.usefixtures("docker_engine")
def test_every_major_is_proven_side_by_side_and_reported(project: Project) -> None:
    done = nox(project, "-s", "migrations", "report")
    assert done.code == 0, f"{done.out}\n{done.err}"
    for major in (17, 18):
        found = cell(project, major)
        assert (found["outcome"], found["kind"], found["name"]) == (
            "passed",
            "docker",
            f"pg{major}",
        )
        assert found["version"].startswith(f"{major}.")
        assert [one["outcome"] for one in found["tests"]] == ["passed"]
    assert "migrations passed\n" in done.out


@pytest.mark.usefixtures("docker_engine")
def test_models_that_differ_fail_the_check(project: Project) -> None:
    assert nox(project, "-s", "check").code == 0
    models = project.root / "app" / "models.py"
    models.write_text(
        models.read_text().replace(
            "class Note(",
            "class Gone(Base):\n    __tablename__ = 'gone'\n    id: Mapped[int] = mapped_column(primary_key=True)\n\n\nclass Note(",
        )
    )
    done = nox(project, "-s", "check")
    assert done.code == 1
    assert "Traceback" not in done.err


def test_without_an_engine_a_cell_is_skipped_or_fails_where_all_is_required(
    project: Project,
) -> None:
    nowhere = {"DOCKER_HOST": "tcp://127.0.0.1:9"}
    done = nox(project, "-s", "migrations(pg17)", **nowhere)
    assert done.code == 0, done
    assert "nox > Session migrations(pg17) skipped: " in done.err
    assert cell(project, 17)["outcome"] == "skipped"
    done = nox(project, "-s", "migrations(pg17)", **nowhere, DBTASKS_REQUIRE_ALL="1")
    assert done.code == 1
    assert cell(project, 17)["outcome"] == "failed"


@pytest.mark.usefixtures("docker_engine")
def test_a_selection_of_nothing_is_no_success(project: Project) -> None:
    done = nox(project, "-s", "migrations(pg17)", "--", "-k", "nothing_is_called_so")
    assert done.code == 1
    assert done.err.splitlines()[-1] == (
        "nox > Session migrations(pg17) aborted: pytest ran no test on PostgreSQL 17; leave some over in what"
        " selects them (-k, -m, --deselect)."
    )


@pytest.mark.usefixtures("docker_engine")
def test_a_cell_that_is_killed_is_not_hidden_by_the_other(project: Project) -> None:
    done = nox(project, "-s", "migrations(pg17)", END="killed")
    assert done.code == 1
    assert done.err.splitlines()[-1] == (
        "nox > Session migrations(pg17) aborted: the run on PostgreSQL 17 ended before it was finished"
        " (SIGKILL ended pytest); read its output, run it again."
    )
    assert cell(project, 17)["outcome"] == "unfinished"


@pytest.mark.usefixtures("docker_engine")
@pytest.mark.parametrize(
    ("sessions", "number", "to_group"),
    [
        pytest.param(["migrations(pg17)"], 1, True, id="one cell, Ctrl-C in a terminal"),
        pytest.param(["migrations"], 2, False, id="side by side"),
    ],
)
def test_an_interrupt_removes_the_servers(
    project: Project, sessions: list[str], number: int, to_group: bool
) -> None:
    log = project.root / "log"
    with log.open("w") as file, subprocess.Popen(
        [sys.executable, "-m", "nox", "-s", *sessions],
        cwd=project.root, env={**project.environ, "END": "slow"},
        stdout=file, stderr=subprocess.STDOUT, start_new_session=True,
    ) as process:  # fmt: skip
        wait_for(lambda: len(named(project)) == number)
        (os.killpg if to_group else os.kill)(process.pid, signal.SIGINT)
        assert process.wait(90) == 130
    assert named(project) == []


def named(project: Project) -> list[str]:
    """Return the throwaway containers of a project."""
    from dbtasks.settings import load_settings

    name = load_settings(root=project.root, environ={}).name
    form = '{{.ID}} {{.Label "dbtasks.key"}}'
    listed = ["docker", "ps", "--all", "--filter", "label=dbtasks.throwaway=1", "--format", form]
    found = subprocess.run(listed, capture_output=True, text=True, check=True).stdout
    return [line for line in found.splitlines() if f" {name}-" in line]
