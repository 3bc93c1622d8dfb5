"""The tables of the page: the grid, the slowest revisions, the project's own tests; pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dbtasks.matrix import grid
from dbtasks.matrix.page_findings import anchors
from dbtasks.matrix.wording import MARKS, seconds
from dbtasks.matrix.writing import esc

if TYPE_CHECKING:
    from collections.abc import Iterable

    from dbtasks.matrix.grid import Row, Square
    from dbtasks.matrix.report import Report

_WORDS = {one: one.replace("-", " ") for one in grid.SEVERITY}
_CLASSES = {"passed": "p", "failed": "f", "excepted": "x", "skipped": "s", "not-reached": "n"}
_FEW, _SHORT = (
    5,
    4,
)  # versions, and characters of a label, that fit beside each other on every screen


def matrix(report: Report) -> str:
    """Return the grid: a row per proof of the whole history, then one per revision, newest first."""
    proofs, revisions = grid.proof_rows(report), grid.revision_rows(report)
    if not proofs and not revisions:
        return ""
    used = {square.outcome for row in [*proofs, *revisions] for square in row.squares.values()}
    legend = ", ".join(f"{MARKS[one]} {_WORDS[one]}" for one in _CLASSES if one in used)
    names = report.labels.values()
    wide = "many" if len(names) > _FEW or max(map(len, names)) > _SHORT else "few"
    lines = [
        f'<div class="{wide}"{" tabindex=0" if wide == "many" else ""}><table class="grid">',
        f"<caption>The worst of what a revision's proofs gave, and the seconds of its upgrade. {legend}.</caption>",
        f'<thead><tr><th scope="col">Proof, revision</th>{"".join(_heads(report))}</tr></thead>',
        *_body(report, "Proofs of the whole history", proofs, code=False),
        *_body(report, "Revisions, newest first", revisions, code=True),
        "</table></div>",
    ]
    return "\n".join(lines)


def slowest(report: Report) -> str:
    """Return the steps that took longest, with bars."""
    found = grid.slowest(report)
    if not found:
        return ""
    longest = found[0].seconds or 1.0
    rows = [
        f'<tr><th scope="row"><code>{esc(one.revision)}</code> {esc(one.message)}</th>'
        f"<td>{'up' if one.upgrade else 'down'}</td>"
        f'<td aria-hidden="true"><span class="bar" style="width:{one.seconds / longest:.1%}"></span></td>'
        f"<td>{seconds(one.seconds)}</td><td>{esc(one.label)}</td></tr>"
        for one in found
    ]
    return (
        '<table class="slow"><caption>Each step where it took longest.</caption><thead><tr>'
        '<th scope="col">Revision</th><th scope="col">Step</th><th aria-hidden="true"></th>'
        '<th scope="col">Seconds</th><th scope="col"><span class="long">PostgreSQL</span><span class="brief">on</span></th>'
        f"</tr></thead>\n<tbody>{chr(10).join(rows)}</tbody></table>"
    )


def counts(report: Report) -> str:
    """Return how the project's own tests went on each version."""
    if not any(one.tests for one in report.cells):
        return ""
    rows = []
    for cell in report.cells:
        head = f'<tr><th scope="row">PostgreSQL {esc(report.labels[cell.name])}</th>'
        if not cell.tests:
            rows.append(f"{head}{_square(None, '') * 4}</tr>")
            continue
        tally = grid.tests(cell)
        failed = f'<td class="f">{tally["failed"]}</td>' if tally["failed"] else "<td>0</td>"
        spent = seconds(sum(one.seconds for one in cell.tests))
        rows.append(
            f"{head}<td>{tally['passed']}</td>{failed}<td>{tally['skipped']}</td><td>{spent}</td></tr>"
        )
    heads = "".join(
        f'<th scope="col">{one}</th>' for one in ("Passed", "Failed", "Skipped", "Seconds")
    )
    return (
        f'<table class="counts"><thead><tr><th scope="col">Version</th>{heads}</tr></thead>'
        f"<tbody>{chr(10).join(rows)}</tbody></table>"
    )


def _heads(report: Report) -> Iterable[str]:
    for cell in report.cells:
        yield (
            f'<th scope="col" class="{cell.outcome}"><span class="long">PostgreSQL </span>{esc(report.labels[cell.name])}'
            f' <span class="sign" aria-hidden="true">{MARKS[cell.outcome]}</span>'
            f'<span class="unseen">{esc(cell.outcome)}</span></th>'
        )


def _body(report: Report, heading: str, rows: list[Row], *, code: bool) -> Iterable[str]:
    if not rows:
        return
    links = anchors(report)
    yield f'<tbody><tr><th class="part" scope="rowgroup" colspan="{len(report.cells) + 1}">{heading}</th></tr>'
    for row in rows:
        name = f"<code>{esc(row.name)}</code>" if code else esc(row.name)
        about = f" <span>{esc(row.message)}</span>" if row.message else ""
        squares = (
            _square(row.squares.get(one), links.get((label, row.name), ""))
            for one, label in report.labels.items()
        )
        yield f'<tr><th scope="row">{name}{about}</th>{"".join(squares)}</tr>'
    yield "</tbody>"


def _square(square: Square | None, link: str) -> str:
    if square is None:
        return '<td class="e"><i>no result</i></td>'
    spent = seconds(square.seconds) if square.seconds is not None else ""
    if square.outcome == "failed" and link:
        spent = f'<a href="#{link}">{spent or "why"}</a>'
    return f'<td class="{_CLASSES[square.outcome]}"><i>{_WORDS[square.outcome]}</i>{spent}</td>'
