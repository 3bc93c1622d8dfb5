"""Signals while a throwaway server lives: the first one leads to cleaning up, none disturbs that."""

from __future__ import annotations

import contextlib
import signal
import threading
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

_ENDING = (signal.SIGTERM, signal.SIGHUP)


@contextlib.contextmanager
def ending_is_an_exception() -> Iterator[None]:
    """Let SIGTERM and SIGHUP do in the body what Ctrl-C does, where they would end the process at once.

    A SystemExit would not do: inside a test pytest takes it for a failure, and goes on. Only a
    program's main thread can do that, and a handler that somebody else has set stays.
    """
    with contextlib.ExitStack() as stack:
        if _is_main_thread():
            for number in _ENDING:
                if signal.getsignal(number) is signal.SIG_DFL:
                    stack.callback(
                        signal.signal, number, signal.signal(number, signal.default_int_handler)
                    )
        yield


@contextlib.contextmanager
def deferred() -> Iterator[None]:
    """Let signals wait until the body is done; keep it short.

    A second Ctrl-C would otherwise leave behind what the first one had begun to remove.
    """
    if not _is_main_thread():
        yield
        return
    came: list[int] = []
    before = {
        number: signal.signal(number, lambda number, _: came.append(number))
        for number in (signal.SIGINT, *_ENDING)
        if signal.getsignal(number) is not None  # which would be a handler set in C
    }
    try:
        yield
    finally:
        for ending, handler in before.items():
            signal.signal(ending, handler)
        for late in dict.fromkeys(came):
            signal.raise_signal(late)


def _is_main_thread() -> bool:
    return threading.current_thread() is threading.main_thread()
