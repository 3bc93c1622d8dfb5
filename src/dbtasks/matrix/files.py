"""The report as files: HTML, Markdown, JSON and JUnit XML in one folder, and the summary of a CI job."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from dbtasks.errors import UsageError
from dbtasks.matrix.document import document
from dbtasks.matrix.html import page
from dbtasks.matrix.junit import junit
from dbtasks.matrix.markdown import LIMIT, markdown
from dbtasks.matrix.report import Report, make_report

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping

    from dbtasks.matrix.across import Exempt
    from dbtasks.matrix.cells import Cell

STEP_SUMMARY = "GITHUB_STEP_SUMMARY"
_LEAST = 4096  # bytes without which nothing is appended
_NAMES = ("report.html", "report.md", "report.json", "junit.xml")


@dataclass(frozen=True, kw_only=True)
class ReportFiles:
    """A report, and the files that it was written to."""

    report: Report
    html: Path
    markdown: Path
    json: Path
    junit: Path


def write_report(
    folder: Path,
    cells: Iterable[Cell],
    *,
    title: str,
    expected: Collection[int] = (),
    accepted: Collection[Exempt] = (),
    made: datetime | None = None,
    environ: Mapping[str, str] = os.environ,
) -> ReportFiles:
    """Write the report over cells into `folder`; append the Markdown to the job's summary if there is one.

    Files of an older report are removed first: they would be taken for this one if it cannot be made.
    The other arguments are those of `make_report`.

    Raises:
        UsageError: there is no cell, or a file cannot be written.
    """
    paths = [folder / name for name in _NAMES]
    try:
        for path in paths:
            path.unlink(missing_ok=True)
        report = make_report(
            cells,
            title=title,
            made=made or datetime.now(UTC),
            expected=expected,
            accepted=accepted,
        )
        folder.mkdir(parents=True, exist_ok=True)
        texts = (
            page(report),
            markdown(report),
            json.dumps(document(report), indent=1) + "\n",
            junit(report),
        )
        for path, text in zip(paths, texts, strict=True):
            _write(path, text)
        if summary := environ.get(STEP_SUMMARY):
            _append(Path(summary), report)
    except OSError as error:
        raise UsageError(
            f"the report cannot be written to {error.filename}: {error.strerror}",
            remedy="let the setting results_dir (DBTASKS_RESULTS_DIR) name a folder that you may write",
            code="report-file",
        ) from error
    return ReportFiles(
        report=report, html=paths[0], markdown=paths[1], json=paths[2], junit=paths[3]
    )


def _write(path: Path, text: str) -> None:
    draft = path.with_name(f"{path.name}.draft-{os.getpid()}")
    try:
        draft.write_text(text, encoding="utf-8")
        draft.replace(path)
    finally:
        draft.unlink(missing_ok=True)


def _append(path: Path, report: Report) -> None:
    """Append to what the same step wrote before, within the limit that holds for all of it."""
    before = path.stat().st_size if path.exists() else 0
    if before > LIMIT - _LEAST:
        return
    text = markdown(report, limit=LIMIT - before - 1)
    with path.open("a", encoding="utf-8") as file:
        file.write(f"\n{text}" if before else text)
