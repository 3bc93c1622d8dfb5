"""What env.py finds around it: variables, logging and stdout; all are put back afterwards."""

from __future__ import annotations

import contextlib
import logging
import os
import sys
from typing import TYPE_CHECKING

from dbtasks.errors import SettingsError
from dbtasks.masking import MaskedText

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dbtasks.settings import Settings
    from dbtasks.url import DatabaseURL


@contextlib.contextmanager
def exported(settings: Settings, url: DatabaseURL) -> Iterator[None]:
    """Lead an env.py that reads environment variables to the database.

    Raises:
        SettingsError: a template below `[tool.dbtasks.env]` cannot be filled in.
    """
    variables = url.environ()
    if settings.sources["url"] != "DATABASE_URL":  # else it stays as its owner wrote it
        variables["DATABASE_URL"] = url.sqlalchemy()
    variables.update(_filled_in(settings, url))
    kept = _Kept()
    os.environ.update(variables)
    del variables
    try:
        yield
    finally:
        kept.put_back()


class _Kept:
    """The environment as it was; unlike a dict it shows nothing of it where a traceback has locals."""

    def __init__(self) -> None:
        self._variables = dict(os.environ)

    def put_back(self) -> None:
        for name in set(os.environ) - set(self._variables):
            del os.environ[name]
        os.environ.update(self._variables)


def _filled_in(settings: Settings, url: DatabaseURL) -> dict[str, str]:
    parts = {
        "url": url.sqlalchemy(),
        "host": url.host,
        "port": str(url.port),
        "user": url.user,
        "password": MaskedText(url.password),
        "database": url.database,
    }
    variables: dict[str, str] = {}
    for name, template in settings.env.items():
        try:
            variables[name] = MaskedText(template.format_map(parts))
        except (KeyError, ValueError, AttributeError, IndexError):
            raise SettingsError(  # without what is in the braces: it may be a part of a password
                f"env.{name} cannot be filled in: a brace in it stands for no name, or for an unknown one",
                remedy=f"the names to use are {', '.join('{' + part + '}' for part in parts)}",
            ) from None
    return variables


@contextlib.contextmanager
def logging_kept() -> Iterator[None]:
    """Put logging back: `fileConfig` in env.py replaces handlers and disables existing loggers."""
    root = logging.getLogger()
    loggers = [
        root,
        *(one for one in root.manager.loggerDict.values() if isinstance(one, logging.Logger)),
    ]
    kept = [(one, one.level, one.handlers[:], one.disabled, one.propagate) for one in loggers]
    try:
        yield
    finally:
        for one, level, handlers, disabled, propagate in kept:
            one.setLevel(level)
            one.handlers[:], one.disabled, one.propagate = handlers, disabled, propagate


@contextlib.contextmanager
def stdout_to_stderr() -> Iterator[None]:
    """Keep stdout for results, also from the processes that a migration or a hook starts."""
    stdout = sys.stdout
    stdout.flush()
    kept = os.dup(1)
    os.dup2(2, 1)
    try:
        with contextlib.redirect_stdout(sys.stderr):
            yield
    finally:
        stdout.flush()
        os.dup2(kept, 1)
        os.close(kept)
