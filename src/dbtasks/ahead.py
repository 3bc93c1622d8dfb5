"""Imports that will be needed, made while the server is waited for."""

from __future__ import annotations

import contextlib
import importlib
import threading
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator


@contextlib.contextmanager
def imported_meanwhile(*modules: str) -> Iterator[None]:
    """Import modules of ours in a thread, while the block waits for the server; end when both are done.

    The block must import nothing that they do: packages whose modules import each other in a
    circle, such as SQLAlchemy, cannot be imported by two threads at once. An error of the import is
    left to whoever imports such a module next, and gets the same.
    """
    thread = threading.Thread(target=_import, args=modules, name="dbtasks-imports")
    thread.start()
    try:
        yield
    finally:
        thread.join()


def _import(*modules: str) -> None:
    with contextlib.suppress(Exception):
        for module in modules:
            importlib.import_module(module)
