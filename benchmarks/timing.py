"""Commands timed by pyperf, two sides in turn."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.benchmark import BenchmarkError, Run

if TYPE_CHECKING:
    from collections.abc import Callable

    from benchmarks.benchmark import Side

# pyperf gives its command a bare environment, but for these.
_INHERITED = ("DOCKER_HOST", "DOCKER_CONTEXT", "DBTASKS_IMAGE", "TMPDIR", "XDG_CACHE_HOME")
# Keeps what the command prints; pyperf would throw it away. It costs both sides the same millisecond.
_KEPT = 'exec "$@" >"$0" 2>&1'


def looked_at(side: Side) -> tuple[Run, object]:
    """Run a side once, and return what was measured, and what it came to.

    Raises:
        BenchmarkError: the command failed, printed nothing, or came to the wrong thing.
    """
    side.before()
    done = _timed(side)
    try:
        if not done.output.strip():
            raise BenchmarkError(f"{side.name}: nothing printed")
        try:
            found = side.found(done)
        except BenchmarkError as error:
            raise BenchmarkError(f"{side.name}: {error}") from None
    finally:
        side.after(done)
    return done, found


def _timed(side: Side) -> Run:
    with tempfile.TemporaryDirectory(prefix="dbtasks-bench-") as folder:
        result, output = Path(folder) / "result.json", Path(folder) / "output"
        options = ["--processes", "1", "--values", str(side.values), "--warmups", "0"]
        options += ["--loops", "1", "--quiet", "-o", str(result)]
        options += ["--inherit-environ", ",".join((*_INHERITED, *side.environ))]
        kept = ["sh", "-c", _KEPT, str(output)]
        done = subprocess.run(
            [sys.executable, "-m", "pyperf", "command", *options, "--", *kept, *side.argv],
            cwd=side.folder,
            env={**os.environ, **side.environ},
            capture_output=True,
            text=True,
        )
        printed = output.read_text(errors="replace") if output.exists() else ""
        if done.returncode or not result.exists():
            told = printed.strip() or done.stderr.strip()
            raise BenchmarkError(f"{side.name} failed: {told[-2000:]}")
        document = json.loads(result.read_text())
        benchmark = document["benchmarks"][0]
    metadata = {**document.get("metadata", {}), **benchmark.get("metadata", {})}
    values = [value for one in benchmark["runs"] for value in one.get("values", [])]
    peaks = [one.get("metadata", {}).get("command_max_rss", 0) for one in benchmark["runs"]]
    return Run(
        seconds=tuple(values),
        peak_memory=max(metadata.get("command_max_rss", 0), *peaks),
        output=printed,
    )


def alternate(
    ours: Side, peer: Side, *, rounds: int, warm_up: str, say: Callable[[Side, float], None]
) -> tuple[list[float], list[float]]:
    """Run both sides in turn, A B, B A, A B ..., and return the figures of both, in pairs.

    Raises:
        BenchmarkError: a run failed, or the sides did not come to the same.
    """
    for side, wanted in ((ours, warm_up != "none"), (peer, warm_up == "both")):
        if wanted:
            looked_at(side)
    figures: dict[str, list[float]] = {"ours": [], "peer": []}
    for number in range(rounds):
        pair = [("ours", ours), ("peer", peer)]
        found = {}
        for which, side in reversed(pair) if number % 2 else pair:
            done, found[which] = looked_at(side)
            figure = side.figure(done)
            figures[which].append(figure)
            say(side, figure)
        if found["ours"] != found["peer"]:
            different = f"{str(found['ours'])[:300]} and {str(found['peer'])[:300]}"
            raise BenchmarkError(f"the sides did not come to the same: {different}")
    return figures["ours"], figures["peer"]
