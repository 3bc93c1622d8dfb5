"""The report written to files, and appended to the summary of a CI job."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING
from xml.etree import ElementTree

import pytest

from dbtasks.errors import UsageError
from dbtasks.matrix.cells import read_cells, write_cell
from dbtasks.matrix.files import ReportFiles, write_report
from dbtasks.matrix.html import page
from dbtasks.matrix.markdown import LIMIT, markdown
from matrices import MADE, MAJORS, accepted, faulty, faulty_report, passing

if TYPE_CHECKING:
    from pathlib import Path


def write(folder: Path, **environ: str) -> ReportFiles:
    return write_report(
        folder,
        read_cells(folder),
        title="shop",
        expected=MAJORS,
        accepted=accepted(),
        made=MADE,
        environ=environ,
    )


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with the results of five cells."""
    for cell in faulty():
        write_cell(tmp_path / "db" / cell.name / "result.json", cell)
    return tmp_path / "db"


def test_the_files(folder: Path) -> None:
    files = write(folder)
    assert files.report == faulty_report()
    assert (files.report.verdict, files.report.exit_code) == ("failed", 1)
    assert files.html.read_text(encoding="utf-8") == page(files.report)
    assert files.markdown.read_text(encoding="utf-8") == markdown(files.report)
    assert json.loads(files.json.read_text(encoding="utf-8"))["verdict"] == "failed"
    assert ElementTree.parse(files.junit).getroot().get("failures") == "9"
    assert sorted(one.name for one in folder.iterdir()) == [
        *("junit.xml", "pg14", "pg15", "pg16", "pg17", "pg18"),
        *("report.html", "report.json", "report.md"),
    ]
    assert write(folder) == files


def test_no_cell_leaves_no_older_report_behind(folder: Path, tmp_path: Path) -> None:
    write(folder)
    with pytest.raises(UsageError):
        write_report(folder, [], title="shop", environ={})
    assert not list(folder.glob("report.*"))
    with pytest.raises(UsageError):
        write_report(tmp_path / "none", [], title="shop", environ={})
    assert not (tmp_path / "none").exists()


def test_the_summary_of_a_job_is_appended_to(folder: Path, tmp_path: Path) -> None:
    job = tmp_path / "summary.md"
    text = markdown(faulty_report())
    write(folder, GITHUB_STEP_SUMMARY=str(job))
    write(folder, GITHUB_STEP_SUMMARY=str(job))
    assert job.read_text(encoding="utf-8") == f"{text}\n{text}"
    write(folder, GITHUB_STEP_SUMMARY="")


@pytest.mark.parametrize("before", [LIMIT - 5000, LIMIT - 100, LIMIT])
def test_the_summary_of_a_job_stays_within_what_github_takes(
    before: int, folder: Path, tmp_path: Path
) -> None:
    job = tmp_path / "summary.md"
    job.write_text("x" * before, encoding="utf-8")
    write(folder, GITHUB_STEP_SUMMARY=str(job))
    assert before <= job.stat().st_size <= LIMIT


def test_a_folder_that_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "db").touch()
    with pytest.raises(UsageError) as raised:
        write_report(tmp_path / "db", [passing(17)], title="shop", environ={})
    assert raised.value.message == (
        f"the report cannot be written to {tmp_path / 'db' / 'report.html'}: Not a directory"
    )
    with pytest.raises(UsageError) as raised:
        write_report(
            tmp_path / "other",
            [passing(17)],
            title="shop",
            environ={"GITHUB_STEP_SUMMARY": str(tmp_path)},
        )
    assert raised.value.message == f"the report cannot be written to {tmp_path}: Is a directory"
