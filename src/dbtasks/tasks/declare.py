"""How a task of every collection is declared, and what several of them need."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dbtasks.errors import UsageError
from dbtasks.invoke_task import DatabaseTask

if TYPE_CHECKING:
    from collections.abc import Callable

_LONGEST = 100
TASKS: list[DatabaseTask] = []
YES = "agree beforehand to what is removed"
YES_DESTROY = "the database's name: agree beforehand, on a server that dbtasks did not make"


def task(**options: Any) -> Callable[[Callable[..., Any]], DatabaseTask]:
    """Declare a task of every collection."""

    def declare(body: Callable[..., Any]) -> DatabaseTask:
        TASKS.append(DatabaseTask(body, **options))
        return TASKS[-1]

    return declare


def number(text: str, flag: str) -> int:
    """Read a whole number; nothing given is 0."""
    # int() refuses thousands of digits with an error of its own.
    if len(text) > _LONGEST or (text and not text.isdecimal()):
        shown = text if len(text) <= _LONGEST else f"{text[:_LONGEST]}..."
        raise UsageError(f"{flag} {shown} is no whole number", remedy=f"write {flag} N")
    return int(text or 0)


def exclusive(one: str, other: str) -> UsageError:
    """Return the error for two flags that contradict each other."""
    return UsageError(f"{one} and {other} do not go together", remedy="give one of them")
