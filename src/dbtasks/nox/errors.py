"""How an error reaches whoever runs nox: one line and a remedy, without a traceback."""

from __future__ import annotations

import contextlib
import functools
import sys
from typing import TYPE_CHECKING, ParamSpec

from dbtasks.errors import DbtasksError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    import nox

Given = ParamSpec("Given")


def for_noxfile(register: Callable[Given, None]) -> Callable[Given, None]:
    """Let a function that a noxfile calls end nox with its error: nox would print a traceback."""

    @functools.wraps(register)
    def registered(*args: Given.args, **kwargs: Given.kwargs) -> None:
        try:
            register(*args, **kwargs)
        except DbtasksError as error:
            print(f"error: {error.message}\nremedy: {error.remedy}", file=sys.stderr)  # noqa: T201
            raise SystemExit(error.exit_code) from error

    return registered


@contextlib.contextmanager
def one_line(session: nox.Session) -> Iterator[None]:
    """Abort the session with an error's line and remedy, after its details."""
    try:
        yield
    except DbtasksError as error:
        for detail in error.details:
            session.warn(detail)
        session.error("; ".join(part for part in (error.message, error.remedy) if part))
