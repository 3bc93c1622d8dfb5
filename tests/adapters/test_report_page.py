"""The report's page in a real browser: what it shows, light and dark, on a desk and on a phone."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from browser import DARK, LIGHT, ask, show
from dbtasks.matrix import html
from matrices import faulty_report, passing_report, revisions

if TYPE_CHECKING:
    from pathlib import Path

    from dbtasks.matrix.report import Report

DESK, PHONE = 1280, 390
LEAST_CONTRAST = 4.5  # WCAG 2.2, level AA

GRID = """
    const cell = (one) => [one.className, one.innerText.trim()];
    return {
        width: innerWidth,
        heads: [...document.querySelectorAll(".grid thead th")].map((one) => one.innerText.replace(/\\s+/g, " ")),
        rows: [...document.querySelectorAll(".grid tbody tr:has(td)")].map((row) => [
            row.querySelector("th").innerText, ...[...row.querySelectorAll("td")].map(cell)]),
        links: [...document.querySelectorAll(".grid td a")].map((one) =>
            document.querySelector(one.getAttribute("href")).querySelector("summary").innerText),
    };
"""
SHOWN = """
    const seen = (one) => one.checkVisibility() && one.getBoundingClientRect().height > 0;
    return {
        failures: [...document.querySelectorAll("#failures .find")].map((one) =>
            [one.open, seen(one.querySelector("div")), one.innerText]),
        picture: seen(document.querySelector("svg")),
        circles: document.querySelectorAll("svg circle").length,
        top: (() => {
            document.querySelector(".grid tbody:last-of-type tr:nth-child(20)").scrollIntoView();
            return Math.round(document.querySelector(".grid thead th").getBoundingClientRect().top);
        })(),
        headings: [...document.querySelectorAll("h1, h2")].map((one) => one.textContent),
        broken: [...document.querySelectorAll("nav a")].filter((one) =>
            !document.querySelector(one.getAttribute("href"))).length,
        twice: [...document.querySelectorAll("[id]")].length - new Set([...document.querySelectorAll("[id]")].map((one) => one.id)).size,
        unscoped: document.querySelectorAll("th:not([scope], [aria-hidden])").length,
        lang: document.documentElement.lang,
    };
"""
OVERFLOW = """
    const page = document.documentElement;
    return {
        width: innerWidth,
        over: page.scrollWidth - page.clientWidth,
        out: [...document.querySelectorAll("main *:not(svg *, .scroll *, .many *)")]
            .filter((one) => !one.closest(".unseen, i") && one.getBoundingClientRect().right > innerWidth + 0.5)
            .map((one) => one.outerHTML.slice(0, 80)),
    };
"""
# Every text that is seen, and every sign before one, against what is painted behind it.
CONTRAST = """
    const numbers = (colour) => { const [r, g, b, a = 1] = colour.match(/[\\d.]+/g).map(Number); return [r, g, b, a]; };
    const over = (top, below) => top.slice(0, 3).map((one, i) => one * top[3] + below[i] * (1 - top[3]));
    const behind = (one) => {
        const layers = [];
        for (let at = one; at; at = at.parentElement) layers.push(numbers(getComputedStyle(at).backgroundColor));
        return layers.reverse().reduce((below, top) => over(top, below), [255, 255, 255]);
    };
    const light = (rgb) => rgb.map((one) => one / 255)
        .map((one) => one <= 0.04045 ? one / 12.92 : ((one + 0.055) / 1.055) ** 2.4)
        .reduce((sum, one, i) => sum + one * [0.2126, 0.7152, 0.0722][i], 0);
    const ratio = (colour, ground) => {
        const [a, b] = [light(over(numbers(colour), ground)), light(ground)];
        return (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
    };
    const found = {};
    const note = (one, style, what) => {
        const value = ratio(style.color, behind(one));
        const key = `${one.tagName}.${one.className} ${what}`;
        found[key] = Math.min(found[key] ?? 99, value);
    };
    for (const one of document.querySelectorAll("body *:not(svg, svg *, script)")) {
        if (!one.checkVisibility()) continue;
        if ([...one.childNodes].some((node) => node.nodeType === 3 && node.data.trim())) note(one, getComputedStyle(one), "text");
        const sign = getComputedStyle(one, "::before");
        if (sign.content !== "none") note(one, sign, "sign");
    }
    return { found, ground: behind(document.body), dark: matchMedia("(prefers-color-scheme: dark)").matches };
"""


def asked(
    chromium: str,
    report: Report,
    script: str,
    folder: Path,
    *,
    width: int = DESK,
    scheme: int = LIGHT,
) -> Any:
    """Return what a script finds in the report's page, whose console stays silent."""
    found, console = ask(chromium, html.page(report), script, folder, width=width, scheme=scheme)
    assert console == []
    return found


def test_the_console_would_be_heard(chromium: str, tmp_path: Path) -> None:
    page = html.page(passing_report(3)).replace("<main>", '<main><img src="gone.png">')
    shown = tmp_path / "report.html"
    shown.write_text(
        page.replace("</body>", "<script>nonsense()</script></body>"), encoding="utf-8"
    )
    _, console = show(chromium, shown, "--dump-dom")
    assert ["nonsense is not defined" in one for one in console] == [True]


@pytest.mark.parametrize("number", [30, 300])
def test_the_grid_has_every_revision_on_every_version(
    number: int, chromium: str, tmp_path: Path
) -> None:
    found = asked(chromium, faulty_report(number), GRID, tmp_path)
    assert found["width"] == DESK
    assert found["heads"] == [
        "Proof, revision",
        *(f"PostgreSQL {one}" for one in ("14 ✗ failed", "15 ✗ failed", "16 ○ skipped")),
        *(f"PostgreSQL {one}" for one in ("17 ✗ failed", "18 ✗ failed")),
    ]
    rows = found["rows"]
    assert [row[0] for row in rows[:5]] == [
        *("single-head", "upgrade", "models", "plain-owner", "base-branch"),
    ]
    assert [re.split(r"\s", row[0])[0] for row in rows[5:]] == [
        one.revision for one in reversed(revisions(number))
    ]
    kinds = ["".join(one[0] for one in row[1:]) for row in rows]
    assert kinds[:5] == ["ppepp", "pfepp", "ppepp", "ppepp", "ssess"]
    assert [kinds.count(one) for one in ("pnepp", "xxexx", "ffeff", "fpepp")] == [
        *(number // 3, 1, 1, 1),
    ]
    words = {one[0]: re.sub(r"[\d.\s]", "", one[1]) for row in rows for one in row[1:]}
    assert words == {
        "p": "passed",
        "f": "failed",
        "e": "noresult",
        "s": "skipped",
        "n": "notreached",
        "x": "excepted",
    }
    assert ["upgrade" in one or "stairway" in one or "rows" in one for one in found["links"]] == (
        [True] * 6
    )


def test_what_failed_is_seen_without_a_click(chromium: str, tmp_path: Path) -> None:
    found = asked(chromium, faulty_report(), SHOWN, tmp_path)
    assert [one[:2] for one in found["failures"]] == [[True, True]] * 4
    stairway = found["failures"][2][2]
    for words in (
        "stairway 7b3811e20b8f create invoice on PostgreSQL 14, 15, 17, 18 left-over",
        "going down from 7b3811e20b8f leaves enum public.shipment_state behind",
        'add op.execute("DROP TYPE public.shipment_state") to the downgrade of 7b3811e20b8f',
        '+ enum public.shipment_state (planned, sent, <lost> & "found")',
    ):
        assert words in re.sub(r"[ \n]+", " ", stairway)
    assert found["picture"]
    assert found["circles"] == 30
    assert found["top"] == 0  # the heads stay in sight when the grid is scrolled
    assert found["headings"] == [
        *("shop", "Versions", "Failures", "Differences across versions", "Known exceptions"),
        *("Every revision on every version", "Slowest revisions", "The project's own tests"),
        "History",
    ]
    assert (found["broken"], found["twice"], found["unscoped"], found["lang"]) == (0, 0, 0, "en")


@pytest.mark.parametrize("scheme", [LIGHT, DARK], ids=["light", "dark"])
@pytest.mark.parametrize("width", [DESK, PHONE])
def test_every_text_can_be_read(scheme: int, width: int, chromium: str, tmp_path: Path) -> None:
    for report in (faulty_report(), passing_report()):
        found = asked(chromium, report, CONTRAST, tmp_path, width=width, scheme=scheme)
        assert found["dark"] == (scheme == DARK)
        assert found["ground"] == ([13, 17, 23] if scheme == DARK else [255, 255, 255])
        assert len(found["found"]) > 25
        faint = {key: one for key, one in found["found"].items() if one < LEAST_CONTRAST}
        assert faint == {}


@pytest.mark.parametrize("width", [DESK, PHONE])
def test_nothing_sticks_out_to_the_right(width: int, chromium: str, tmp_path: Path) -> None:
    for report in (faulty_report(), faulty_report(300), awkward_report()):
        found = asked(chromium, report, OVERFLOW, tmp_path, width=width)
        assert found == {"width": width, "over": 0, "out": []}


def awkward_report() -> Report:
    """Return a report whose texts are long words, over more versions than fit on a phone."""
    long = "x" * 200
    report = faulty_report()
    cells = [
        replace(one, name=f"{one.name}-python-3.13-{way}", reason=long)
        for way in "ab"
        for one in report.cells
    ]
    failures = [
        replace(one, name=long, message=long, remedy=long, code=long) for one in report.failures
    ]
    history = [replace(one, revision=one.revision * 6, message=long) for one in report.history]
    return replace(
        report,
        title=f"a database {long}",
        cells=tuple(cells),
        failures=tuple(failures),
        history=tuple(history),
    )
