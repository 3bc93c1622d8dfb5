"""What a command imports for good is left out of Python's search for garbage, and nothing else is."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pathlib import Path

PROGRAM = """
import gc, weakref
from dbtasks.garbage import imports_that_stay, process_ends_soon

class Thing: pass

def garbage():
    thing = Thing()
    thing.itself = thing
    return weakref.ref(thing)

with imports_that_stay():
    pass
print(gc.get_freeze_count(), gc.isenabled())
before = garbage()
process_ends_soon()
with imports_that_stay():
    import email.message
    print(gc.isenabled())
print(gc.get_freeze_count() > 1000, gc.isenabled(), before())
after = garbage()
gc.collect()
print(after())
with imports_that_stay():
    print(gc.isenabled())
"""


def test_only_in_a_process_that_ends_soon_and_only_what_is_no_garbage() -> None:
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM], capture_output=True, text=True, check=True
    )
    assert done.stdout.splitlines() == ["0 True", "False", "True True None", "None", "True"]


TASKS = """
import dbtasks

class Thing:
    def __del__(self):
        print("the last search")

thing = Thing()
thing.itself = thing
ns = dbtasks.collection()
del thing
"""


@pytest.mark.parametrize(
    ("argv", "searched"), [(("-m", "invoke", "--list"), False), (("-c", "import tasks"), True)]
)
def test_only_a_process_of_invokes_ends_without_a_last_search(
    tmp_path: Path, argv: tuple[str, ...], searched: bool
) -> None:
    (tmp_path / "tasks.py").write_text(TASKS)
    done = subprocess.run(
        [sys.executable, *argv], cwd=tmp_path, capture_output=True, text=True, check=True
    )
    assert done.stdout.endswith("the last search\n") is searched
