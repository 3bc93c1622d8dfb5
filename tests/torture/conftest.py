"""The closing table of the kills."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from torture import form

if TYPE_CHECKING:
    import pytest


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
