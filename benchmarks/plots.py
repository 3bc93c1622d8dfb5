"""Curves of growth as SVG, both axes logarithmic: what grows linearly rises like the dotted line."""

from __future__ import annotations

import math
import statistics
from typing import TYPE_CHECKING

import pygal
from pygal.style import Style

if TYPE_CHECKING:
    from pathlib import Path

    from benchmarks.results import Curve

_STYLE = Style(
    background="white",
    plot_background="white",
    font_family="sans-serif",
    label_font_size=13,
    major_label_font_size=13,
    legend_font_size=13,
    title_font_size=16,
    guide_stroke_color="#ddd",
    major_guide_stroke_color="#ddd",
    # Okabe and Ito's colours, which colour-blind people can tell apart.
    colors=("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#999999"),
)


def write(curves: list[Curve], folder: Path) -> list[Path]:
    """Write one picture for each unit and kind of size, and return their paths."""
    pictures: dict[tuple[str, str], list[Curve]] = {}
    for curve in curves:
        pictures.setdefault((curve.of, curve.unit), []).append(curve)
    paths = []
    folder.mkdir(parents=True, exist_ok=True)
    for (of, unit), shown in pictures.items():
        kind = {"s": "seconds", "MB": "memory"}[unit]
        path = folder / f"growth-{kind}-by-{of.lower()}.svg"
        path.write_bytes(_picture(shown, of, unit))
        paths.append(path)
    return paths


def _picture(curves: list[Curve], of: str, unit: str) -> bytes:
    what = {"s": "seconds", "MB": "peak memory in MB"}[unit]
    chart = pygal.XY(
        style=_STYLE,
        js=[],  # no script: pictures of a README run none
        logarithmic=True,
        width=800,
        height=480,
        title=f"{what} against {'revisions' if of == 'revisions' else 'MB of the database'}",
        x_title=of,
        y_title=unit,
        dots_size=4,
        legend_at_bottom=True,
        legend_at_bottom_columns=2,
        truncate_legend=-1,
        x_value_formatter=lambda value: f"{10**value:,.0f}",
        value_formatter=lambda value: f"{value:.3g} {unit}",
    )
    sizes = curves[0].sizes
    chart.x_labels = [math.log10(size) for size in sizes]
    chart.y_labels = _labels([figure for curve in curves for figure in curve.figures])
    for curve in curves:
        title = f"{curve.name.removesuffix(', memory')} ({curve.exponent:.2f})"
        points = zip(curve.sizes, curve.figures, strict=True)
        chart.add(title, [(math.log10(size), figure) for size, figure in points])
    end = statistics.geometric_mean(curve.figures[-1] for curve in curves)
    chart.add(
        "linear (1.00)",
        [(math.log10(size), end * size / sizes[-1]) for size in sizes[-2:]],
        stroke_style={"dasharray": "4, 6"},
        show_dots=False,
    )
    picture: bytes = chart.render()
    return picture + b"\n"


def _labels(figures: list[float]) -> list[float]:
    """Return 1, 2, 5, 10 ... from below the least to above the most."""
    least, most = (math.floor(math.log10(figure)) for figure in (min(figures), max(figures)))
    steps = [step * 10.0**power for power in range(least, most + 1) for step in (1, 2, 5, 10)]
    below = [step for step in steps if step <= min(figures)][-1]
    above = next(step for step in steps if step >= max(figures))
    return sorted({step for step in steps if below <= step <= above})
