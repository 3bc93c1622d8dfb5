"""Results for people: a table of 80 columns, and the one of the README; pure."""

from __future__ import annotations

import statistics
import textwrap
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from benchmarks.results import Curve, Results, Row

WIDTH = 80
_WHAT = 35
BEGIN, END = "<!-- benchmarks -->", "<!-- end of benchmarks -->"


def render(results: Results, last: Results | None) -> str:
    """Return the table of all rows and curves, and what they were measured with."""
    before = {row.name: row for row in last.rows} if last else {}
    lines = []
    if results.rows:
        lines += [f"{'ratio':<{_WHAT}} {'median':>6} {'min':>5} {'max':>5} {'target':>6}"]
        for row in results.rows:
            lines += _row(row, row.against(before.get(row.name)))
    if results.curves:
        curves = {one.name: one for one in last.curves} if last else {}
        lines += ["", f"{'growth':<{_WHAT}} {'slope':>6} {'last':>6}  {'least':>9} {'most':>9}"]
        for curve in results.curves:
            lines += _curve(curve, curves.get(curve.name))
    lines += ["", *versions(results)]
    if last is not None:
        lines.append(f"compared with {last.date}, {_place(last)}")
    return "\n".join(lines) + "\n"


def _row(row: Row, against: str) -> list[str]:
    what = textwrap.wrap(row.what, _WHAT, subsequent_indent="  ")
    if row.ours:
        median, least, most = _ratio(row)
        figures = f"{median:>6} {least:>5} {most:>5} {row.target:6.2f}"
        first = f"{what[0]:<{_WHAT}} {figures} {row.verdict:<7} {against}"
    else:
        first = f"{what[0]:<{_WHAT}} {row.verdict}"
    lines = [first.rstrip(), *what[1:]]
    if row.ours:
        ours, peer = statistics.median(row.ours), statistics.median(row.peers)
        told = f"{_figure(ours, row.unit)} against {_figure(peer, row.unit)}: {row.peer}"
    else:
        told = row.state.partition(": ")[2]
    return lines + textwrap.wrap(told, WIDTH, initial_indent="    ", subsequent_indent="    ")


def _ratio(row: Row) -> list[str]:
    """Return the median, the least and the most."""
    return [f"{one:.{row.decimals}f}" for one in (row.ratio, row.ratios[0], row.ratios[-1])]


def _figure(value: float, unit: str) -> str:
    if unit == "s":
        return f"{value:.3f} s" if value < 1 else f"{value:.2f} s"
    return f"{value:.0f} {unit}"


def _curve(curve: Curve, last: Curve | None) -> list[str]:
    least, most = (_figure(curve.figures[place], curve.unit) for place in (0, -1))
    moved = (
        f" (was {last.exponent:.2f})" if last and abs(last.exponent - curve.exponent) > 0.1 else ""
    )
    first = f"{curve.name:<{_WHAT}} {curve.exponent:6.2f} {curve.last_exponent:6.2f}  {least:>9} {most:>9}"
    mark = "" if curve.verdict == "at most linear" else f"    {curve.verdict}"
    lines = [first]
    if mark or moved:
        lines.append((mark or "   ") + moved)
    return lines


def growth_verdict(curves: list[Curve]) -> str:
    """Say whether anything grows worse than linearly."""
    worse = [one.name for one in curves if one.verdict != "at most linear"]
    if worse:
        return f"grows worse than linearly: {', '.join(worse)}"
    return f"nothing grows worse than linearly ({len(curves)} curves)"


def versions(results: Results) -> list[str]:
    """Return the lines that say when, where and with what all was measured."""
    machine = results.machine
    told = ", ".join(f"{name} {version}" for name, version in results.versions.items())
    loads = f"load {machine['load']} before, {machine['load_after']} after"
    where = f"{results.date}, {_place(results)}, {loads}"
    return [*textwrap.wrap(where, WIDTH), *textwrap.wrap(told, WIDTH, break_on_hyphens=False)]


def _place(results: Results) -> str:
    return f"{results.machine['processors']} processors ({results.machine['processor']})"


def markdown(results: Results) -> str:
    """Return the README's table, with what it was measured with below."""
    lines = ["| what | instead of | ratio (min to max) | at most | |", "|---|---|---|---|---|"]
    for row in results.rows:
        ratio = ""
        if row.ours:
            median, least, most = _ratio(row)
            ratio = f"{median} ({least} to {most})"
        lines.append(f"| {row.what} | {row.peer} | {ratio} | {row.target:g} | {row.verdict} |")
    told = ", ".join(f"{name} {version}" for name, version in results.versions.items())
    where = (
        f"Measured {results.date[:10]} on {results.machine['processors']} processors with {told}."
    )
    if results.curves:
        where += f" Growth with 10 to 5,000 revisions: {growth_verdict(results.curves)}."
    return "\n".join([*lines, "", *textwrap.wrap(where, 118, break_on_hyphens=False)])


def into_readme(readme: str, results: Results) -> str:
    """Return the README with the table between the two markers renewed.

    Raises:
        ValueError: the markers are not there once each, in their order.
    """
    before, begin, rest = readme.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end or BEGIN in after or END in after:
        raise ValueError(f"README.md needs one line {BEGIN} and, after it, one line {END}")
    return f"{before}{BEGIN}\n{markdown(results)}\n{END}{after}"
