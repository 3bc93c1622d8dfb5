"""Connections for a short look at a database, kept for the next look where somebody asks for that."""

from __future__ import annotations

import contextlib
from contextvars import ContextVar
from typing import TYPE_CHECKING, Generic, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from contextlib import AbstractContextManager

_C = TypeVar("_C")


class Looks(Generic[_C]):
    """Connections by address; those of one thread are no other's."""

    def __init__(self) -> None:
        self._kept: ContextVar[_Kept[_C] | None] = ContextVar("kept", default=None)

    @contextlib.contextmanager
    def kept(self) -> Iterator[None]:
        """Keep the connections of looks until the end of the block."""
        if self._kept.get() is not None:
            yield
            return
        with contextlib.ExitStack() as stack:
            token = self._kept.set(_Kept(stack))
            try:
                yield
            finally:
                self._kept.reset(token)

    @contextlib.contextmanager
    def one(
        self,
        address: str,
        connect: Callable[[], AbstractContextManager[_C]],
        works: Callable[[_C], bool],
    ) -> Iterator[_C]:
        """Yield a connection: a kept one that still works, or one made by `connect`."""
        kept = self._kept.get()
        if kept is None:
            with connect() as connection:
                yield connection
            return
        found = kept.connections.get(address)
        if found is None or not works(found):
            found = kept.connections[address] = kept.stack.enter_context(connect())
        yield found


class _Kept(Generic[_C]):
    def __init__(self, stack: contextlib.ExitStack) -> None:
        self.stack = stack
        self.connections: dict[str, _C] = {}
