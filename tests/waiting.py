"""Waiting in a test until something has happened elsewhere."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable


def until(happened: Callable[[], Any], what: str, limit: float = 60) -> None:
    """Wait until something has happened."""
    end = time.monotonic() + limit
    while not happened():
        assert time.monotonic() < end, what
        time.sleep(0.02)
