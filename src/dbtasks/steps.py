"""Which revisions to run, and in which order, to bring a database from its heads to a target."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from alembic.runtime.migration import MigrationStep
from alembic.util import CommandError

from dbtasks.errors import MigrationError
from dbtasks.results import Step

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from alembic.script import ScriptDirectory


def describe(steps: Iterable[Any]) -> tuple[Step, ...]:
    """Return what is worth telling about Alembic's steps."""
    steps = list(steps)
    return tuple(
        Step(
            revision=step.revision.revision,
            message=step.revision.doc or "",
            path=step.revision.path,
            upgrade=step.is_upgrade,
            number=number,
            total=len(steps),
        )
        for number, step in enumerate(steps, 1)
    )


def up(
    script: ScriptDirectory, target: str | Sequence[str], heads: Sequence[str]
) -> list[MigrationStep]:
    """Return the steps that apply what is missing up to `target`."""
    return list(script._upgrade_revs(target, heads))  # type: ignore[arg-type]  # noqa: SLF001


def down(script: ScriptDirectory, target: str, heads: Sequence[str]) -> list[MigrationStep]:
    """Return the steps that undo what is applied after `target`."""
    return list(script._downgrade_revs(target, heads))  # type: ignore[arg-type]  # noqa: SLF001


def back(script: ScriptDirectory, count: int, heads: Sequence[str]) -> list[MigrationStep]:
    """Return the steps that undo the last `count` revisions.

    Alembic's own `-1` fails at a merge point, and with two heads silently picks one.

    Raises:
        MigrationError: the way back is not one line, or shorter than `count`.
    """
    steps: list[MigrationStep] = []
    at = tuple(heads)
    for undone in range(count):
        if len(at) > 1:
            raise MigrationError(
                f"{undone} of {count} revisions back, the history has several branches: {', '.join(sorted(at))}",
                remedy="name the revision to go back to, as in invoke db.rollback --to REV",
                code="ambiguous-revision",
            )
        if not at:
            raise MigrationError(
                f"only {undone} revisions are applied, so {count} cannot be undone",
                remedy="invoke db.rollback-all undoes all",
                code="nothing-to-undo",
            )
        revision = script.get_revision(at[0])
        step = MigrationStep.downgrade_from_script(script.revision_map, revision)
        steps.append(step)
        at = step._unmerge_to_revisions({revision.revision})  # noqa: SLF001
    return steps


def check_known(script: ScriptDirectory, heads: Sequence[str]) -> None:
    """Stop when the database is at a revision that the files do not have.

    Raises:
        MigrationError: with code `unknown-current`.
    """
    for head in heads:
        try:
            script.get_revision(head)
        except CommandError as error:
            raise MigrationError(
                f"the database is at revision {head}, which no revision file has",
                remedy="switch to the branch that has it and roll back there, or invoke db.recreate",
                code="unknown-current",
            ) from error
