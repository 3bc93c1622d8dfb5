"""Which revisions to run, and in which order, to bring a database from its heads to a target."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Any

from alembic.runtime.migration import MigrationStep
from alembic.util import CommandError

from dbtasks.errors import MigrationError
from dbtasks.results import Step
from dbtasks.revisions.errors import unknown_current

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Sequence

    from alembic.script import ScriptDirectory

_LONGEST_TARGET = 100


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
    with _functions_there(), _leading_somewhere(target):
        return list(script._upgrade_revs(target, heads))  # type: ignore[arg-type]  # noqa: SLF001


def down(script: ScriptDirectory, target: str, heads: Sequence[str]) -> list[MigrationStep]:
    """Return the steps that undo what is applied after `target`."""
    with _functions_there(), _leading_somewhere(target):
        return list(script._downgrade_revs(target, heads))  # type: ignore[arg-type]  # noqa: SLF001


def stairs(
    script: ScriptDirectory, heads: Sequence[str], wanted: Collection[str]
) -> list[MigrationStep]:
    """Return the steps that apply everything pending; each of `wanted` is undone and applied again.

    Raises:
        MigrationError: with code `no-downgrade`.
    """
    steps: list[MigrationStep] = []
    pending: Any = up(script, "heads", heads)
    for step in pending:
        steps.append(step)
        if step.revision.revision in wanted:
            steps += [_down_again(script, step.revision), step]
    return steps


def _down_again(script: ScriptDirectory, revision: Any) -> MigrationStep:
    if getattr(revision.module, "downgrade", None) is None:
        raise MigrationError(
            f"{revision.path} has no function downgrade()",
            remedy="write it, or let it raise NotImplementedError to say that there is no way back",
            code="no-downgrade",
            revision=revision.revision,
        )
    return MigrationStep.downgrade_from_script(script.revision_map, revision)


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
            raise too_few(undone, count)
        revision = script.get_revision(at[0])
        with _functions_there():
            step = MigrationStep.downgrade_from_script(script.revision_map, revision)
        steps.append(step)
        at = step._unmerge_to_revisions({revision.revision})  # noqa: SLF001
    return steps


def too_few(applied: int, count: int) -> MigrationError:
    """Return the error of undoing `count` revisions where so many are applied."""
    if not applied:
        return MigrationError(
            "no revision is applied, so there is nothing to undo",
            remedy="invoke db.migrate applies the pending ones",
            code="nothing-to-undo",
        )
    return MigrationError(
        f"{count} revisions cannot be undone: {applied} applied",
        remedy="invoke db.rollback-all undoes all",
        code="nothing-to-undo",
    )


@contextlib.contextmanager
def _functions_there() -> Iterator[None]:
    """Say which file lacks its `upgrade` or `downgrade`."""
    try:
        yield
    except AttributeError as error:
        file = getattr(error.obj, "__file__", None)
        if file is None:
            raise
        raise MigrationError(
            f"{file} has no function {error.name}()",
            remedy=f"write it: def {error.name}() -> None: ...",
            code="broken-file",
        ) from error


@contextlib.contextmanager
def _leading_somewhere(target: str | Sequence[str]) -> Iterator[None]:
    """Say that a target such as `abc+9` leads nowhere; Alembic asserts that it leads to a revision."""
    try:
        yield
    except (AssertionError, ValueError) as error:
        shown = target if isinstance(target, str) else ", ".join(target)
        raise MigrationError(
            f"{_shortened(shown)} leads to no revision from where the database is",
            remedy="invoke db.history lists the revisions",
            code="unknown-revision",
        ) from error


def _shortened(text: str) -> str:
    return text if len(text) <= _LONGEST_TARGET else f"{text[:_LONGEST_TARGET]}..."


def applied(script: ScriptDirectory, heads: Sequence[str]) -> frozenset[str]:
    """Return the revisions that a database at `heads` has."""
    revisions = script.revision_map._get_ancestor_nodes(  # noqa: SLF001
        script.get_revisions(tuple(heads)), include_dependencies=True
    )
    return frozenset(revision.revision for revision in revisions)


def unknown(script: ScriptDirectory, heads: Sequence[str]) -> tuple[str, ...]:
    """Return those of `heads` that no revision file has."""
    missing = []
    for head in heads:
        try:
            script.get_revision(head)
        except CommandError:
            missing.append(head)
    return tuple(missing)


def check_known(script: ScriptDirectory, heads: Sequence[str]) -> None:
    """Stop when the database is at a revision that the files do not have.

    Raises:
        MigrationError: with code `unknown-current`.
    """
    for head in unknown(script, heads):
        raise unknown_current(head)
