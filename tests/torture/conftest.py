"""The labs of the kill tests, and their closing table."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

import pytest

from torture import form
from torture.bench import Bench

if TYPE_CHECKING:
    from collections.abc import Iterator

# The full form is what `nox -s torture` runs.
collect_ignore = [] if form.LONG else ["test_every_step.py", "test_engine_restarted.py"]


@pytest.fixture(scope="session")
def bench(tmp_path_factory: pytest.TempPathFactory, docker_image: str) -> Iterator[Bench]:
    bench = Bench(tmp_path_factory, docker_image)
    yield bench
    for lab in bench.labs.values():
        lab.remove()


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Print how often which task was killed, and how often it had ended before."""
    kills, ended = Counter[str](), Counter[str]()
    for reports in terminalreporter.stats.values():
        for report in reports:
            for name, value in getattr(report, "user_properties", ()):
                if name == "torture" and report.when == "call":
                    what, _, killed = value
                    (kills if killed else ended)[what] += 1
    if not kills:
        return
    terminalreporter.section(f"kills, with seed {form.SEED}")
    for what in sorted(kills | ended):
        after = f", and {ended[what]} that came after the end" if ended[what] else ""
        terminalreporter.line(f"{kills[what]:4} {what}{after}")
    terminalreporter.line(f"{kills.total():4} in all")
