"""The heads of a history as Alembic tells them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dbtasks.revisions.errors import several_heads

if TYPE_CHECKING:
    from dbtasks.environment import Environment


def head_names(environment: Environment) -> tuple[str, ...]:
    """Return the effective heads: those that no other revision follows or depends on."""
    with environment.inside():
        return tuple(environment.script.get_heads(consider_depends_on=True))


def one_head(environment: Environment) -> str | None:
    """Return the history's head, None of an empty one.

    Raises:
        MigrationError: there are several.
    """
    found = head_names(environment)
    if len(found) > 1:
        raise several_heads(found)
    return found[0] if found else None
