"""Two sides timed in turn, and their ratio; commands are timed by pyperf."""

from __future__ import annotations

import importlib.metadata
import json
import os
import platform
import statistics
import subprocess
import sys
import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

ROUNDS = int(os.environ.get("BENCH_ROUNDS", "7"))
REVISIONS = int(os.environ.get("BENCH_REVISIONS", "288"))
IMAGE = os.environ.get("DBTASKS_IMAGE", "postgres:{version}")
# pyperf gives its command a bare environment, but for these.
_INHERITED = ("DOCKER_HOST", "DOCKER_CONTEXT", "DBTASKS_IMAGE", "TMPDIR", "XDG_CACHE_HOME")


@dataclass(frozen=True, kw_only=True)
class Side:
    """A command, the folder to run it in, and what its environment has beside this one's."""

    name: str
    argv: tuple[str, ...]
    folder: Path
    environ: Mapping[str, str] = field(default_factory=dict)

    def try_out(self, *expected: str) -> None:
        """Run the command once, so that caches are filled; stop unless it prints what is expected."""
        done = subprocess.run(
            self.argv,
            cwd=self.folder,
            env={**os.environ, **self.environ},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        if done.returncode or not all(text in done.stdout for text in expected):
            sys.exit(f"{done.stdout}{self.name}: exit code {done.returncode}, expected {expected}")


def seconds(side: Side, result: Path, values: int = 3, warmups: int = 1) -> float:
    """Return the median seconds of some runs in processes of their own."""
    result.unlink(missing_ok=True)
    options = ["--processes", "1", "--values", str(values), "--warmups", str(warmups)]
    options += ["--inherit-environ", ",".join((*_INHERITED, *side.environ))]
    options += ["--loops", "1", "--quiet", "-o", str(result)]
    subprocess.run(
        [sys.executable, "-m", "pyperf", "command", *options, "--", *side.argv],
        check=True,
        cwd=side.folder,
        env={**os.environ, **side.environ},
        stdout=subprocess.DEVNULL,
    )
    runs = json.loads(result.read_text())["benchmarks"][0]["runs"]
    return statistics.median(value for run in runs for value in run.get("values", []))


def compare(
    title: str,
    ours: Side,
    peer: Side,
    *,
    target: float,
    rounds: int = ROUNDS,
    values: int = 3,
    warmups: int = 1,
) -> dict[str, list[float]]:
    """Time both sides in turn, print their medians and the ratio, and return the seconds."""
    times: dict[str, list[float]] = {side.name: [] for side in (peer, ours)}
    with tempfile.TemporaryDirectory() as folder:
        for number in range(rounds):
            for side in (peer, ours) if number % 2 else (ours, peer):
                result = Path(folder) / "result.json"
                times[side.name].append(seconds(side, result, values, warmups))
    show(title, times, ours.name, peer.name, target=target)
    return times


def show(
    title: str, times: Mapping[str, Sequence[float]], ours: str, peer: str, *, target: float
) -> None:
    """Print medians, least and most of each side, and of the ratio of those measured together."""
    ratios = sorted(a / b for a, b in zip(times[ours], times[peer], strict=True))
    print(f"{title:44} {'median':>8} {'min':>8} {'max':>8}   {load()}")
    for name, values in times.items():
        print(
            f"  {name:40} {statistics.median(values):8.3f} s {min(values):6.3f} s {max(values):6.3f} s"
        )
    print(
        f"  {'ratio':40} {statistics.median(ratios):8.2f}   {ratios[0]:6.2f}   {ratios[-1]:6.2f}"
        f"   (target at most {target})",
        flush=True,
    )


def load() -> str:
    """Say how busy the machine is, for figures of a busy one are worth little."""
    return f"load {os.getloadavg()[0]:.1f} on {os.cpu_count()} processors"


def versions(*packages: str) -> None:
    """Print the versions of what is measured."""
    told = [f"{name} {importlib.metadata.version(name)}" for name in packages]
    print(f"Python {platform.python_version()}, {', '.join(told)}; {load()}", flush=True)
