"""Two commands timed in turn by pyperf, and their ratio."""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

ROUNDS = int(os.environ.get("BENCH_ROUNDS", "7"))


@dataclass(frozen=True, kw_only=True)
class Side:
    """A command, and the folder to run it in."""

    name: str
    argv: tuple[str, ...]
    folder: Path


def seconds(side: Side, result: Path) -> float:
    """Return the median seconds of three runs in processes of their own."""
    result.unlink(missing_ok=True)
    options = ["--processes", "1", "--values", "3", "--warmups", "1", "--loops", "1", "--quiet"]
    subprocess.run(
        [sys.executable, "-m", "pyperf", "command", *options, "-o", str(result), "--", *side.argv],
        check=True,
        cwd=side.folder,
        stdout=subprocess.DEVNULL,
    )
    runs = json.loads(result.read_text())["benchmarks"][0]["runs"]
    return statistics.median(value for run in runs for value in run.get("values", []))


def compare(title: str, ours: Side, peer: Side, *, target: float) -> None:
    """Time both sides in turn, and print their medians and the ratio."""
    times: dict[str, list[float]] = {side.name: [] for side in (peer, ours)}
    with tempfile.TemporaryDirectory() as folder:
        for _ in range(ROUNDS):
            for side in (peer, ours):
                times[side.name].append(seconds(side, Path(folder) / "result.json"))
    ratios = sorted(a / b for a, b in zip(times[ours.name], times[peer.name], strict=True))
    print(f"{title:44} {'median':>8} {'min':>8} {'max':>8}")
    for name, values in times.items():
        print(
            f"  {name:40} {statistics.median(values):8.3f} s {min(values):6.3f} s {max(values):6.3f} s"
        )
    print(
        f"  {'ratio':40} {statistics.median(ratios):8.2f}   {ratios[0]:6.2f}   {ratios[-1]:6.2f}"
        f"   (target at most {target})"
    )
