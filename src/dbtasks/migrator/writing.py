"""New revision files: what they say, and what keeps Alembic from writing one."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

from alembic import command

from dbtasks.errors import CheckError, SettingsError, UsageError
from dbtasks.migrator.heads import head_names, one_head

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dbtasks.environment import Environment


def in_docstring(message: str) -> str:
    """Return a message so that it reads as it is between the three quotes of Alembic's template.

    Raises:
        UsageError: it holds bytes that no revision file can.
    """
    try:
        message.encode()
    except UnicodeEncodeError:
        raise UsageError(
            "the revision's message holds bytes that are no UTF-8",
            remedy="write the message in UTF-8; the locale of the terminal decides what is sent",
        ) from None
    text = message.replace("\\", "\\\\")
    return text.replace('"', '\\"') if '"""' in text or text.endswith('"') else text


@contextlib.contextmanager
def written(environment: Environment) -> Iterator[None]:
    """Write a revision from the folder of the configuration, with the project importable.

    Raises:
        SettingsError: an option that makes up the file's name, date or encoding cannot be used.
    """
    with environment.inside():
        try:
            yield
        except (LookupError, TypeError, ValueError) as error:
            config = environment.config
            raise SettingsError(
                f"no revision can be written as configured: {type(error).__name__}: {error}",
                remedy="correct file_template, timezone or output_encoding in"
                f" {config.config_file_name or config.toml_file_name}",
                code="alembic-config",
            ) from error


def write_empty(environment: Environment, message: str) -> str:
    """Write a revision to fill in by hand; return its path."""
    head = one_head(environment) or "head"
    with written(environment):
        script = command.revision(environment.config, in_docstring(message), head=head)
    assert script is not None
    assert not isinstance(script, list)
    return str(script.path)


def write_merge(environment: Environment, message: str) -> str:
    """Write one revision over all heads; return its path.

    Raises:
        CheckError: there is one head only.
    """
    found = head_names(environment)
    if len(found) < 2:
        raise CheckError(
            "there is nothing to merge: the history has one head",
            remedy="invoke db.heads shows it",
            code="one-head",
        )
    with written(environment):
        script = command.merge(environment.config, list(found), message=in_docstring(message))
    assert script is not None
    return str(script.path)
