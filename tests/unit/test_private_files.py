"""Files that are written whole: what a killed process leaves beside them is removed by the next one."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import TYPE_CHECKING

from dbtasks import private_files

if TYPE_CHECKING:
    from pathlib import Path


def test_the_drafts_of_dead_processes_are_removed(tmp_path: Path) -> None:
    ended = subprocess.Popen([sys.executable, "-c", ""])
    ended.wait()
    path = tmp_path / "shop.password"
    left = [f"{path.name}.{ended.pid}.1a2b3c4d", f"{path.name}.{ended.pid}"]
    kept = [
        f"{path.name}.{os.getpid()}.1a2b3c4d",
        f"other.{ended.pid}.1a2b3c4d",
        "shop.password.old",
    ]
    for name in (*left, *kept):
        (tmp_path / name).write_text("draft")
    private_files.write(path, "secret")
    assert sorted(one.name for one in tmp_path.iterdir()) == sorted([*kept, path.name])
    assert path.read_text() == "secret"
