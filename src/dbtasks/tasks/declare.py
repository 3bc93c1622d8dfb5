"""How a task of every collection is declared, and what several of them need."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from dbtasks.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    Body = Callable[..., Any]


class Declaration(NamedTuple):
    """The body of a task, and the options of `DatabaseTask`."""

    body: Body
    options: Mapping[str, Any]


_LONGEST = 100
TASKS: list[Declaration] = []
YES = "agree beforehand to what is removed"
YES_DESTROY = "the database's name: agree beforehand, on a server that dbtasks did not make"


def task(**options: Any) -> Callable[[Body], Body]:
    """Declare a task of every collection."""

    def declare(body: Body) -> Body:
        TASKS.append(Declaration(body, options))
        return body

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
