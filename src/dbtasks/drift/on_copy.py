"""Alembic's comparison of the models with a database, and that with a kept copy of one at head."""

from __future__ import annotations

import hashlib
import sys
from typing import TYPE_CHECKING, Any

import alembic
import sqlalchemy
from alembic.autogenerate import RevisionContext

from dbtasks.drift import comparison
from dbtasks.drift.differences import found
from dbtasks.environment import Environment
from dbtasks.errors import STALE_COPY, MigrationError

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from alembic.runtime.migration import MigrationContext

    from dbtasks.results import Difference
    from dbtasks.revisions.history import History
    from dbtasks.settings import Settings
    from dbtasks.url import DatabaseURL


def differences(settings: Settings, url: DatabaseURL, history: History) -> tuple[Difference, ...]:
    """Return what is wrong with models and migrations, and not accepted; no revision file is run.

    Raises:
        MigrationError: with code `stale-copy`, the database is not at the head of the history.
        SettingsError: `accepted_drift.toml` is malformed.
    """
    environment = Environment(settings, url)
    return found(environment, lambda: _compared(environment, history.effective_heads), history)


def new_context(
    environment: Environment, script: Any, message: str | None, *, autogenerate: bool
) -> RevisionContext:
    """Return what Alembic keeps of one comparison; `script` is its folder of scripts."""
    arguments = {
        "message": message,
        "autogenerate": autogenerate,
        "sql": False,
        "head": "head",
        "splice": False,
        "branch_label": None,
        "version_path": None,
        "rev_id": None,
        "depends_on": None,
    }
    return RevisionContext(environment.config, script, arguments)


def _compared(environment: Environment, heads: Sequence[str]) -> RevisionContext:
    context = new_context(environment, _Heads(heads), None, autogenerate=True)

    def look(current: Any, migration_context: MigrationContext) -> list[Any]:
        check_copy(current, heads)
        for script in context.generated_revisions:
            script.head = heads[0] if heads else "head"
        comparison.widen(migration_context)
        context.run_autogenerate(current, migration_context)
        return []

    environment.run(
        look,
        dont_mutate=True,
        files_needed=False,
        template_args=context.template_args,
        revision_context=context,
    )
    return context


def check_copy(found: Collection[str], heads: Collection[str]) -> None:
    """Stop if a copy of a database at head is not at head.

    Raises:
        MigrationError: with code `stale-copy`, which is not for people: another copy helps.
    """
    if set(found) != set(heads):
        raise MigrationError(
            f"the copy to compare with is at {', '.join(found) or 'base'}",
            remedy="run this again",
            code=STALE_COPY,
        )


def versions() -> str:
    """Return a word for the versions of what a revision file may import."""
    told = (*sys.version_info, alembic.__version__, sqlalchemy.__version__)
    return hashlib.sha256(repr(told).encode()).hexdigest()[:12]


class _Heads:
    """Stands in for Alembic's folder of scripts, of which a comparison wants to know the heads only."""

    def __init__(self, heads: Sequence[str]) -> None:
        self._heads = tuple(heads)

    def get_revisions(self, names: str | Sequence[str]) -> tuple[str, ...]:
        """Return what `heads` is; the names of revisions as they are."""
        return self._heads if names == "heads" else tuple(names)
