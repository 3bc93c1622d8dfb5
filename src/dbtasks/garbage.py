"""Python's garbage collector, kept still."""

from __future__ import annotations

import contextlib
import gc
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

_SELDOM = 50_000


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
def few_collections() -> Iterator[None]:
    """Let Python look for garbage seldom, while much is imported that stays; there may be garbage, too."""
    was = gc.get_threshold()
    gc.set_threshold(max(was[0], _SELDOM) if was[0] else 0, *was[1:])
    try:
        yield
    finally:
        gc.set_threshold(*was)
