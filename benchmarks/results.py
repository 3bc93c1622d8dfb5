"""Results: rows of ratios and curves of growth, judged, compared, and as JSON."""

from __future__ import annotations

import json
import math
import statistics
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pathlib import Path

# Ratios that differ by less than this are the same, however little they scatter.
_LEAST_DIFFERENCE = 0.05
# Below this, a target of two decimals is no precise one.
_SMALL = 0.1
# A fitted exponent is itself a measurement.
_LINEAR = 1.1


@dataclass(frozen=True, kw_only=True)
class Row:
    """Figures of both sides, in pairs; without any, `state` says why: `failed: ...`, `left out: ...`."""

    name: str
    what: str
    peer: str
    target: float
    unit: str = "s"
    date: str = ""
    state: str = "measured"
    ours: list[float] = field(default_factory=list)
    peers: list[float] = field(default_factory=list)

    @property
    def ratios(self) -> list[float]:
        """The ratios of those measured together, the least first."""
        return sorted(ours / peer for ours, peer in zip(self.ours, self.peers, strict=True))

    @property
    def ratio(self) -> float:
        """The median of the ratios."""
        return statistics.median(self.ratios)

    @property
    def verdict(self) -> str:
        """Say `met`, `missed`, or why there is no figure: `failed`, `left out`."""
        if not self.ours:
            return self.state.partition(":")[0]
        # What the table shows is what counts.
        return "met" if round(self.ratio, self.decimals) <= self.target else "missed"

    @property
    def decimals(self) -> int:
        """As many as the table shows of a ratio."""
        return 2 if self.target >= _SMALL else 3

    def against(self, last: Row | None) -> str:
        """Say `better`, `worse` or `same` than the last result, or `new`.

        A difference counts only where neither median lies in the other's range, and from 5 % on.
        """
        if last is None or not last.ours or not self.ours:
            return "new" if self.ours else ""
        now, before = self.ratios, last.ratios
        if abs(self.ratio - last.ratio) < _LEAST_DIFFERENCE * last.ratio:
            return "same"
        if self.ratio < before[0] and last.ratio > now[-1]:
            return "better"
        if self.ratio > before[-1] and last.ratio < now[0]:
            return "worse"
        return "same"


@dataclass(frozen=True, kw_only=True)
class Curve:
    """A command's median figures against a size."""

    name: str
    of: str  # what the size counts
    unit: str
    date: str
    sizes: list[float]
    figures: list[float]

    @property
    def exponent(self) -> float:
        """The slope of the line through all points, both axes logarithmic."""
        return _slope(self.sizes, self.figures)

    @property
    def last_exponent(self) -> float:
        """The slope between the two largest sizes, where what is paid once hides the least."""
        return _slope(self.sizes[-2:], self.figures[-2:])

    @property
    def verdict(self) -> str:
        """Say whether the figures grow at most linearly, by the steeper of the two slopes."""
        steepest = max(self.exponent, self.last_exponent)
        return "at most linear" if steepest <= _LINEAR else "worse than linear"


def _slope(sizes: list[float], figures: list[float]) -> float:
    logs = [[math.log(value) for value in values] for values in (sizes, figures)]
    return statistics.linear_regression(*logs).slope


@dataclass(frozen=True, kw_only=True)
class Results:
    """All that a run measured, and on what."""

    date: str
    machine: dict[str, Any]
    versions: dict[str, str]
    rows: list[Row]
    curves: list[Curve]

    def merged_into(self, last: Results | None) -> Results:
        """Return these results, completed by those of the last that were not measured this time."""
        if last is None:
            return self
        rows = {row.name: row for row in last.rows}
        rows |= {row.name: row for row in self.rows if row.ours or row.name not in rows}
        curves = {one.name: one for one in last.curves} | {one.name: one for one in self.curves}
        return Results(
            date=self.date,
            machine=self.machine,
            versions={**last.versions, **self.versions},
            rows=[*rows.values()],
            curves=[*curves.values()],
        )

    def in_order(self, names: list[str]) -> Results:
        """Return these results with the rows in the order of the names; what has no place is gone."""
        rows = {row.name: row for row in self.rows}
        ordered = [rows[name] for name in names if name in rows]
        return Results(**{**vars(self), "rows": ordered})

    def write(self, path: Path) -> None:
        """Write the results as JSON, with ratios and verdicts for those who read only that."""
        document = asdict(self)
        for entry, row in zip(document["rows"], self.rows, strict=True):
            entry["verdict"] = row.verdict
            if row.ours:
                entry["ratio"] = {
                    "median": round(row.ratio, 4),
                    "min": round(row.ratios[0], 4),
                    "max": round(row.ratios[-1], 4),
                }
        for entry, curve in zip(document["curves"], self.curves, strict=True):
            entry["exponent"] = round(curve.exponent, 3)
            entry["last_exponent"] = round(curve.last_exponent, 3)
            entry["verdict"] = curve.verdict
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(document, indent=1) + "\n", encoding="utf-8")

    @classmethod
    def read(cls, path: Path) -> Results | None:
        """Return the results of a file, or None if there is none."""
        if not path.exists():
            return None
        document = json.loads(path.read_text(encoding="utf-8"))
        derived = {"ratio", "verdict", "exponent", "last_exponent"}

        def stored(entry: dict[str, Any]) -> dict[str, Any]:
            return {key: value for key, value in entry.items() if key not in derived}

        rows = [Row(**stored(entry)) for entry in document["rows"]]
        curves = [Curve(**stored(entry)) for entry in document["curves"]]
        return cls(**{**document, "rows": rows, "curves": curves})
