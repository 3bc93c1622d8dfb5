"""`nox -s migrations report` on all majors: the reference project, a large consumer, and a seeded difference."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from conftest import IMAGE
from consumers import PROJECTS, Project, clean_environ
from dbtasks.values import SUPPORTED_MAJORS
from histories import write_revision
from noxfiles import folder, nox

if TYPE_CHECKING:
    from consumers import Done

CHECKOUT = Path(__file__).parents[2]
NOXFILE = """\
import dbtasks.nox

dbtasks.nox.migrations({versions}, install=None, server="docker", tests=["-p", "no:xdist"])
dbtasks.nox.report()
"""
DIFFERENT = """if op.get_bind().dialect.server_version_info >= (17,):
        op.execute("CREATE SCHEMA extra")
        op.execute("CREATE TABLE extra.item (id bigint)")
    else:
        op.execute("CREATE SCHEMA extra")
        op.execute("CREATE TABLE extra.item (id int)")"""

pytestmark = pytest.mark.usefixtures("docker_engine")


def matrix(project: Project, results: Path) -> tuple[Done, dict[str, Any]]:
    """Run all cells and the report, two at a time; return what nox did and the report's document."""
    done = nox(project, "--no-venv", "-s", "migrations", "report", "-j", "2")
    document: dict[str, Any] = json.loads((results / "report.json").read_text())
    return done, document


def outcomes(results: Path) -> dict[int, tuple[str, str]]:
    """Return each cell's outcome and kind of server, by major."""
    cells = (json.loads(path.read_text())["cell"] for path in results.glob("pg*/result.json"))
    return {one["postgres"]: (one["outcome"], one["kind"]) for one in cells}


def test_the_reference_project_keeps_every_promise(tmp_path: Path) -> None:
    environ = {
        **clean_environ(),
        "DBTASKS_IMAGE": IMAGE,
        "DBTASKS_SERVER": "docker",
        "DBTASKS_STATE_DIR": str(tmp_path / "state"),
        "DBTASKS_RESULTS_DIR": str(tmp_path / "results"),
        "DBTASKS_REQUIRE_ALL": "1",
    }
    results = tmp_path / "results" / "migrations"
    done, report = matrix(Project(CHECKOUT, environ), results)
    assert done.code == 0, done
    assert outcomes(results) == dict.fromkeys(SUPPORTED_MAJORS, ("passed", "docker"))
    assert report["verdict"] == "passed"


def test_a_large_consumer_keeps_every_promise(tmp_path: Path) -> None:
    root = tmp_path / "a logistics"
    shutil.copytree(PROJECTS / "logistics", root)
    made = folder(root, NOXFILE.format(versions="None"))
    environ = {**made.environ, "DBTASKS_IMAGE": IMAGE, "DBTASKS_SETUP_SQL": "setup.sql"}
    results = root / "build" / "dbtasks" / "migrations"
    done, report = matrix(Project(root, {**environ, "DBTASKS_REQUIRE_ALL": "1"}), results)
    assert done.code == 0, done
    assert outcomes(results) == dict.fromkeys(SUPPORTED_MAJORS, ("passed", "docker"))
    assert report["verdict"] == "passed"


def test_a_type_that_differs_between_majors_is_found_by_the_report_alone(tmp_path: Path) -> None:
    root = tmp_path / "a plain"
    shutil.copytree(PROJECTS / "plain", root)
    made = folder(root, NOXFILE.format(versions=[16, 17]))
    project = Project(root, {**made.environ, "DBTASKS_IMAGE": IMAGE})
    write_revision(
        project, "different", upgrade=DIFFERENT, downgrade='op.execute("DROP SCHEMA extra CASCADE")'
    )
    results = root / "build" / "dbtasks" / "migrations"
    done, report = matrix(project, results)
    assert done.code == 1
    assert outcomes(results) == dict.fromkeys((16, 17), ("passed", "docker"))
    (found,) = report["across_versions"]["differences"]
    assert found["revision"] == "different"
    assert found["object"] == "column extra.item.id"
    assert found["values"] == {"16": "integer", "17": "bigint"}
    assert found["message"] in " ".join(done.out.split())
