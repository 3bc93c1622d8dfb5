"""The report session: what it expects, what it writes, and when it fails."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from consumers import PROJECTS
from dbtasks.matrix.cells import Cell, write_cell
from matrices import MAJORS, faulty, passing
from noxfiles import folder, nox

if TYPE_CHECKING:
    from consumers import Project

RESULTS = Path("build") / "dbtasks" / "migrations"


@pytest.fixture
def project(tmp_path: Path) -> Project:
    """A project with a history and a noxfile, and no result yet."""
    shutil.copytree(PROJECTS / "plain", tmp_path, dirs_exist_ok=True)
    return folder(tmp_path)


def write(project: Project, *cells: Cell, below: str = "") -> None:
    for cell in cells:
        write_cell(project.root / RESULTS / below / cell.name / "result.json", cell)


def last(project: Project, **environ: str) -> tuple[int, str]:
    """Run the report session; return the exit code and the last line."""
    done = nox(project, "-s", "report", **environ)
    assert "Traceback" not in done.err, done
    return done.code, done.err.splitlines()[-1]


def test_a_report_on_every_major_is_written(project: Project) -> None:
    write(project, *map(passing, MAJORS))
    job = project.root / "job.md"
    done = nox(project, "-s", "report", DBTASKS_DATABASE="shop", GITHUB_STEP_SUMMARY=str(job))
    assert done.code == 0, done
    assert done.out.startswith("shop: migrations passed\n")
    assert [line for line in done.err.splitlines() if "uv binary" not in line] == [
        "nox > Running session report",
        f"nox > the report is {RESULTS}/report.html",
        "nox > Session report was successful.",
    ]
    written = sorted(path.name for path in (project.root / RESULTS).iterdir() if path.is_file())
    assert written == ["junit.xml", "report.html", "report.json", "report.md"]
    assert job.read_text() == (project.root / RESULTS / "report.md").read_text()


def test_artifacts_of_a_ci_may_lie_one_folder_deeper(project: Project) -> None:
    for major in MAJORS:
        write(project, passing(major), below=f"migrations-{major}")
    assert last(project) == (0, "nox > Session report was successful.")


def test_a_selected_cell_without_a_result_fails_the_report(project: Project) -> None:
    write(project, *(passing(major) for major in MAJORS if major not in {15, 18}))
    assert last(project) == (
        1,
        (
            "nox > Session report aborted: cells have no result;"
            " run nox -s 'migrations(pg15)' 'migrations(pg18)'."
        ),
    )
    assert (project.root / RESULTS / "report.html").is_file()


def test_the_setting_says_which_majors_are_expected(project: Project) -> None:
    write(project, passing(17), passing(18))
    assert last(project, DBTASKS_VERSIONS="17,18") == (0, "nox > Session report was successful.")


def test_a_cell_that_no_session_runs_is_left_out(project: Project) -> None:
    write(project, *map(passing, MAJORS))
    done = nox(project, "-s", "report", DBTASKS_VERSIONS="18")
    assert done.code == 0, done
    assert "nox > pg14 is left out: no session migrations runs it\n" in done.err


def test_what_failed_in_a_cell_fails_the_report(project: Project) -> None:
    write(project, *faulty())
    code, line = last(project)
    assert code == 1
    assert line.startswith("nox > Session report aborted: ")
    assert line.endswith(f"; see {RESULTS}/report.html.")


def test_an_unfinished_cell_fails_the_report(project: Project) -> None:
    write(project, *map(passing, MAJORS[:-1]), replace(passing(18), outcome="unfinished"))
    assert last(project) == (
        1,
        f"nox > Session report aborted: 1 problem; ran on PostgreSQL 14, 15, 16 and 17; see {RESULTS}/report.html.",
    )


def test_without_any_result_there_is_no_report(project: Project) -> None:
    assert last(project) == (
        1,
        (
            f"nox > Session report aborted: there is no result of a session migrations in {RESULTS};"
            " run nox -s migrations first."
        ),
    )


def test_a_report_of_sessions_that_nobody_registered(tmp_path: Path) -> None:
    project = folder(tmp_path, "import dbtasks.nox\ndbtasks.nox.report('db')\n")
    assert last(project) == (
        1,
        (
            "nox > Session report aborted: there are no sessions db to report;"
            ' write dbtasks.nox.migrations(name="db").'
        ),
    )


def test_the_exceptions_that_the_project_knows_of_are_read(project: Project) -> None:
    write(project, *map(passing, MAJORS))
    (project.root / "migrations" / "proof_exceptions.toml").write_text(
        '[[exception]]\nproof = "across-versions"\nrevision = "ed7760b0e974"\nreason = "a trial"\n'
    )
    done = nox(project, "-s", "report")
    assert done.code == 1
    assert "exception-not-needed: proof_exceptions.toml excuses across-versions" in done.out


def test_a_report_waits_for_all_cells_and_comes_also_after_a_failure(project: Project) -> None:
    ends = {f"pg{major}": ("whole", 0) for major in MAJORS}
    project = folder(project.root, ends=ends)
    done = nox(project, "-s", "migrations", "report")
    assert done.code == 0, done
    assert done.out.count("Starting session") == 6
    assert done.err.splitlines()[-1] == "nox > * report: success"
    project = folder(project.root, ends={**ends, "pg14": ("failed", 1)})
    done = nox(project, "-s", "migrations", "report")
    assert done.code == 1
    assert done.out.index("migrations(pg18): success") < done.out.index("report: aborted")
    assert (
        "Session report aborted: 1 problem; ran on PostgreSQL 14, 15, 16, 17 and 18; see"
        in done.out
    )
