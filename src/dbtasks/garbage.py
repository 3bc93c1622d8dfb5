"""Python's garbage collector, kept still."""

from __future__ import annotations

import contextlib
import gc
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
