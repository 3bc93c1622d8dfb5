"""`invoke --list` with the collection against `invoke --list` with a tasks.py of one task, as a ratio.

Both sides are timed in turn by pyperf; run it with `nox -s bench` or with a Python that has pyperf.
"""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

ROUNDS = 7
TARGET = 1.2
SIDES = {
    "bare": "from invoke import task\n@task\ndef build(c):\n    pass\n",
    "dbtasks": "from invoke import Collection\nimport dbtasks\n"
    "ns = Collection(dbtasks.init, dbtasks.start, db=dbtasks.collection())\n",
}


def time_once(folder: Path, result: Path) -> float:
    """Return the mean seconds of a few `invoke --list` in `folder`."""
    result.unlink(missing_ok=True)
    invoke = [sys.executable, "-m", "invoke", "--search-root", str(folder), "--list"]
    options = ["--processes", "1", "--values", "3", "--warmups", "1", "--loops", "1", "--quiet"]
    subprocess.run(
        [sys.executable, "-m", "pyperf", "command", *options, "-o", str(result), "--", *invoke],
        check=True,
        stdout=subprocess.DEVNULL,
    )
    runs = json.loads(result.read_text())["benchmarks"][0]["runs"]
    return statistics.median(value for run in runs for value in run.get("values", []))


def main() -> None:
    """Print the ratio of the medians, and each side's."""
    times: dict[str, list[float]] = {name: [] for name in SIDES}
    with tempfile.TemporaryDirectory() as temporary:
        root = Path(temporary)
        for name, text in SIDES.items():
            (root / name).mkdir()
            (root / name / "tasks.py").write_text(text)
        for _ in range(ROUNDS):
            for name in SIDES:
                times[name].append(time_once(root / name, root / "result.json"))
    ratios = sorted(ours / bare for ours, bare in zip(times["dbtasks"], times["bare"], strict=True))
    print("invoke --list            median      min      max")
    for name, values in times.items():
        print(
            f"{name:20} {statistics.median(values):8.3f} s {min(values):6.3f} s {max(values):6.3f} s"
        )
    print(
        f"{'ratio':20} {statistics.median(ratios):8.2f}   {ratios[0]:6.2f}   {ratios[-1]:6.2f}"
        f"   (target at most {TARGET})"
    )


if __name__ == "__main__":
    main()
