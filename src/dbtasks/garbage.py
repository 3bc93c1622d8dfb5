"""Python's garbage collector, kept still."""

from __future__ import annotations

import atexit
import contextlib
import gc
import os
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

_ends_soon = False


@contextlib.contextmanager
def no_collections() -> Iterator[None]:
    """Keep Python from looking for garbage, again and again, among thousands of revisions to keep."""
    was = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was:
            gc.enable()


@contextlib.contextmanager
def imports_that_stay() -> Iterator[None]:
    """Import what stays until the process ends, if that is after this command: see `process_ends_soon`.

    Python looks through none of it for garbage again, which takes it longer at its end than some
    commands take. What is garbage before is collected before; what comes later is none of this.
    """
    if not _ends_soon or gc.get_freeze_count():  # a second time there is little to gain
        yield
        return
    gc.collect()
    try:
        with no_collections():
            yield
    finally:
        gc.freeze()


def process_ends_soon() -> None:
    """Tell that this process runs the tasks of one command line, and ends."""
    global _ends_soon
    _ends_soon = True


def end_without_search() -> None:
    """Let this process, if it runs Invoke's command line, end without a last search for garbage.

    It takes a seventh of `invoke --list`, and what it would find goes with the process.
    """
    folder, name = os.path.split(sys.argv[0])
    if name in {"invoke", "inv"} or (folder.endswith("invoke") and name == "__main__.py"):
        atexit.unregister(gc.freeze)
        atexit.register(gc.freeze)
