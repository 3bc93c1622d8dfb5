"""A command that runs while the test does something else."""

from __future__ import annotations

import contextlib
import re
import subprocess
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from consumers import Project


@contextlib.contextmanager
def running(project: Project, *arguments: str, **environ: str) -> Iterator[subprocess.Popen[str]]:
    """Run a task in the background, in a process of its own; it is dead afterwards."""
    process = subprocess.Popen(
        [sys.executable, "-m", "invoke", *arguments],
        cwd=project.root,
        env={**project.environ, **environ},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


def told(process: subprocess.Popen[str], pattern: str) -> str:
    """Read what a command tells until it has told something."""
    assert process.stderr is not None
    text = ""
    for line in process.stderr:
        text += line
        if re.search(pattern, text):
            return text
    raise AssertionError(text)
