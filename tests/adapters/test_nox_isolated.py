"""A noxfile that brings its own nox, as `pipx run nox` and `uvx nox` make use of it."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from consumers import PROJECTS, Project
from noxfiles import folder, nox

CHECKOUT = Path(__file__).parents[2]
NOXFILE = f"""\
# /// script
# dependencies = ["nox>=2026.8.10", "dbtasks @ {CHECKOUT.as_uri()}"]
# ///
import nox
import dbtasks.nox

nox.options.default_venv_backend = "venv"
dbtasks.nox.migrations([17], install=["pytest"])
dbtasks.nox.heads(None)
"""


@pytest.fixture
def project(tmp_path: Path) -> Project:
    """A project with a history."""
    shutil.copytree(PROJECTS / "plain", tmp_path, dirs_exist_ok=True)
    return folder(tmp_path, NOXFILE)


def test_nox_sets_itself_up_with_dbtasks(project: Project) -> None:
    done = nox(project, "--list", "--json")
    assert done.code == 0, done
    # pip writes to the same place before: a CI reads the last line.
    sessions = json.loads(done.out.splitlines()[-1])
    assert [one["session"] for one in sessions] == ["migrations(pg17)", "heads"]
    done = nox(project)
    assert done.code == 1
    assert (
        "nox > Session migrations(pg17) aborted: pytest did not take its arguments on PostgreSQL 17,"
        " as its output says; if it does not know --postgres, let install= put dbtasks into the"
        " session's environment" in done.err
    )
    assert "nox > Session heads was successful" in done.err
    assert f"{project.root}/.nox/_nox_script_mode" in project.run(
        str(project.root / ".nox" / "_nox_script_mode" / "bin" / "python"),
        "-c", "import dbtasks.nox as one; print(one.__file__)",
    ).out  # fmt: skip
