"""The start of pytest with the plugin installed and unused against `-p no:dbtasks`."""

from __future__ import annotations

import statistics
import sys
import tempfile
from pathlib import Path

from side_by_side import Side, compare, versions

LIMIT = 0.020


def main() -> None:
    """Print the ratio, and the milliseconds between the two."""
    versions("dbtasks", "pytest", "pyperf")
    with tempfile.TemporaryDirectory() as temporary:
        root = Path(temporary)
        (root / "test_nothing.py").write_text("def test_nothing():\n    pass\n")
        (root / "pytest.ini").write_text("[pytest]\naddopts = -p no:cacheprovider\n")
        argv = (sys.executable, "-m", "pytest", "-q")
        ours = Side(name="with the plugin, unused", argv=argv, folder=root)
        peer = Side(name="-p no:dbtasks", argv=(*argv, "-p", "no:dbtasks"), folder=root)
        ours.try_out("1 passed")
        peer.try_out("1 passed")
        times = compare("pytest, one empty test", ours, peer, target=1.03, values=5)
        more = [a - b for a, b in zip(times[ours.name], times[peer.name], strict=True)]
        print(
            f"  {'it adds':40} {statistics.median(more) * 1000:8.1f} ms {min(more) * 1000:5.1f} ms"
            f" {max(more) * 1000:5.1f} ms (target below {LIMIT * 1000:.0f})"
        )


if __name__ == "__main__":
    main()
