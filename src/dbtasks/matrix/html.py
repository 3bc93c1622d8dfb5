"""The report as one HTML page that needs nothing from elsewhere, and no JavaScript; pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dbtasks.matrix import grid
from dbtasks.matrix.page_findings import differences, exceptions, failures
from dbtasks.matrix.page_style import STYLE
from dbtasks.matrix.page_tables import counts, matrix, slowest
from dbtasks.matrix.wording import MARKS, count, duration, end_of_life, listing
from dbtasks.matrix.writing import esc, sign
from dbtasks.pictures import svg

if TYPE_CHECKING:
    from collections import Counter
    from collections.abc import Iterable

    from dbtasks.matrix.cells import Cell
    from dbtasks.matrix.report import Report

_OPEN_PICTURE = 40  # revisions up to which the history's picture is open from the start


def page(report: Report) -> str:
    """Return the page, to be written as UTF-8."""
    title = esc(f"{report.title}: migrations {report.verdict}")
    sections = [
        ("failures", "Failures", failures(report)),
        ("differences", "Differences across versions", differences(report)),
        ("exceptions", "Known exceptions", exceptions(report)),
        ("grid", "Every revision on every version", matrix(report)),
        ("slowest", "Slowest revisions", slowest(report)),
        ("tests", "The project's own tests", counts(report)),
        ("history", "History", _picture(report)),
    ]
    there = [one for one in sections if one[2]]
    links = (f'<li><a href="#{name}">{esc(heading)}</a></li>' for name, heading, _ in there)
    return "\n".join(
        [
            '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">',
            '<meta name="viewport" content="width=device-width, initial-scale=1">',
            '<meta name="color-scheme" content="light dark">',
            f'<link rel="icon" href="data:,">\n<title>{title}</title>\n<style>{STYLE}</style>',
            '</head>\n<body>\n<div class="sheet">',
            _head(report),
            f'<nav aria-label="Sections"><ul>{"".join(links)}</ul></nav>',
            f'<main>\n<h2 class="unseen">Versions</h2>\n<ul class="cards">{_cards(report)}</ul>',
            *(
                f'<section id="{name}" aria-labelledby="{name}-h">\n<h2 id="{name}-h">{esc(heading)}</h2>\n{body}\n</section>'
                for name, heading, body in there
            ),
            f"</main>\n<footer>Made by dbtasks on {_minute(report)}.</footer>\n</div>\n</body>\n</html>\n",
        ]
    )


def _head(report: Report) -> str:
    spent = sum(one.seconds for one in report.cells)
    facts = [
        f"Run of {report.day}",
        count(len(report.history), "revision"),
        f"PostgreSQL {listing([str(one) for one in sorted({one.postgres for one in report.cells})])}",
        f"{duration(spent)} in all cells",
    ]
    return (
        f'<header>\n<p class="over">Migration matrix</p>\n<h1>{esc(report.title)}</h1>\n'
        f'<p class="facts">{" · ".join(map(esc, facts))}</p>\n'
        f'<div class="verdict {report.verdict}">{sign(report.verdict)}'
        f"<p><strong>{report.verdict.capitalize()}</strong>{esc(report.summary)}</p></div>\n</header>"
    )


def _cards(report: Report) -> str:
    return "\n".join(_card(one, report) for one in report.cells)


def _card(cell: Cell, report: Report) -> str:
    label = report.labels[cell.name]
    facts = [cell.version, cell.kind, duration(cell.seconds) if cell.seconds else ""]
    support, old = end_of_life(cell.postgres, report.day)
    lines = [
        f"<h3>PostgreSQL {esc(label)}</h3>",
        f'<p class="state">{MARKS[cell.outcome]} {esc(cell.outcome)}</p>',
        f'<p class="soft">{esc(" · ".join(filter(None, facts)))}</p>' if any(facts) else "",
        f"<p>{esc(cell.reason)}</p>" if cell.reason else "",
        *_tallies("proof", grid.proofs(cell)),
        *_tallies("test", grid.tests(cell)),
        f'<p class="life {"old" if old else "soft"}">{"⚠ " if old else ""}{esc(support)}</p>',
    ]
    return f'<li class="{cell.outcome}">{"".join(lines)}</li>'


def _tallies(noun: str, tally: Counter[str]) -> Iterable[str]:
    if not tally:
        return
    order = [one for one in ("passed", *grid.SEVERITY[:-1]) if tally[one]]
    parts = ", ".join(f"{tally[one]} {one.replace('-', ' ')}" for one in order)
    yield f"<p>{count(tally.total(), noun)}: {parts}</p>"


def _picture(report: Report) -> str:
    if not report.history:
        return ""
    drawn = svg.draw(report.history[::-1], title=f"{report.title}: history")
    opened = " open" if len(report.history) <= _OPEN_PICTURE else ""
    return (
        f'<details class="picture"{opened}><summary>{count(len(report.history), "revision")}, newest first</summary>'
        f'<div class="scroll" tabindex="0" role="region" aria-label="Picture of the history">{drawn}</div></details>'
    )


def _minute(report: Report) -> str:
    return f"{report.made:%Y-%m-%d %H:%M} {report.made.tzname() or ''}".strip()
