"""What a run that failed left behind, and the errors that tell it; pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy.exc import DBAPIError

from dbtasks.environment.errors import (
    left_over_type_remedy,
    reason,
    reasons,
    statement,
    version_table_remedy,
)
from dbtasks.errors import MigrationError
from dbtasks.migrator import half_done

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from dbtasks.migrator.half_done import Failure
    from dbtasks.migrator.journal import Journal
    from dbtasks.results import Step


@dataclass(frozen=True, kw_only=True)
class Aftermath:
    """The finished revisions that were rolled back, lines on what is left, and where the database is.

    `heads` is None where that cannot be read.
    """

    lines: tuple[str, ...]
    lost: tuple[Step, ...] = ()
    heads: tuple[str, ...] | None = None


def of(step: Step, done: Iterable[Step], kept: Sequence[Step], heads: tuple[str, ...]) -> Aftermath:
    """Tell what there is after `step` failed.

    Args:
        step: the step that failed, or the last one.
        done: the steps that had been finished.
        kept: those of them that the database shows.
        heads: what its version table says.
    """
    done = tuple(done)
    # On a stairway a revision has several steps; the last one says where it should be.
    last = {one.revision: one for one in done}
    lost = [one for one in last.values() if one not in kept]
    before = [one for one in last.values() if one in kept]
    lines = []
    if before or not lost:
        same = [one for one in before if one.upgrade == step.upgrade]
        lines.append(f"{_verb(step)} before it: {names(same)}")
    if lost:
        lines.append(f"rolled back with it: {names(lost)} (they shared one transaction)")
    left = step.total - len(done) + len(lost)
    where = ", ".join(heads) or "base"
    lines.append(f"the database is at: {where}; {left} of {step.total} left")
    return Aftermath(lines=tuple(lines), lost=tuple(lost), heads=heads)


def failed(failure: Failure, after: Aftermath, journal: Journal) -> MigrationError:
    """Say which revision failed, where, and what that left behind."""
    step, cause = failure.step, failure.cause
    remedy = (
        version_table_remedy(cause)
        or left_over_type_remedy(cause)
        or half_done.remedy(failure, journal)
    )
    return MigrationError(
        f"{_named(step)} could not be {_verb(step)}: {_first(cause)}",
        remedy=remedy,
        code="revision-failed",
        details=[
            *_details(step, cause),
            *(f"it left the invalid index {one.name} of {one.table}" for one in failure.left),
            *half_done.lines((*after.lost, step), journal),
            *after.lines,
        ],
        revision=step.revision,
    )


def stopped(
    step: Step, error: MigrationError, after: Aftermath, journal: Journal
) -> MigrationError:
    """Say which revision was not gone on with, and what was left behind."""
    half = half_done.lines((*after.lost, step), journal)
    return MigrationError(
        f"{_named(step)} could not be {_verb(step)}: {error.message}",
        remedy=error.remedy,
        code=error.code,
        details=[f"file: {step.path}", *half, *after.lines],
        revision=step.revision,
    )


def after_all(error: MigrationError, cause: BaseException, after: Aftermath) -> MigrationError:
    """Say what was left behind by an error that came when all revisions had run."""
    if not isinstance(cause, DBAPIError):
        return MigrationError(
            error.message,
            remedy=error.remedy,
            code=error.code,
            details=[*error.details, *after.lines],
        )
    return MigrationError(
        f"the revisions ran and could not be committed: {reason(cause)}",
        remedy="mend the revision that writes what the database refuses, then run this again",
        code="revision-failed",
        details=[*reasons(cause)[1:4], *after.lines],
    )


def names(steps: Iterable[Step]) -> str:
    """Return the revisions of some steps, each once."""
    return ", ".join(dict.fromkeys(one.revision for one in steps)) or "none"


def not_as_sql(step: Step, cause: BaseException) -> MigrationError:
    """Say which revision has to be run, and cannot be written."""
    return MigrationError(
        f"{_named(step)} cannot be written as SQL: {_first(cause)}",
        remedy="a migration that reads data has to be run; --sql writes it without looking at the database",
        code="not-offline",
        details=_details(step, cause),
    )


def _named(step: Step) -> str:
    return f"revision {step.revision} ({step.message})"


def _verb(step: Step) -> str:
    return "applied" if step.upgrade else "undone"


def _first(cause: BaseException) -> str:
    return (
        reason(cause)
        if isinstance(cause, DBAPIError)
        else f"{type(cause).__name__}: {reason(cause)}"
    )


def _details(step: Step, cause: BaseException) -> list[str]:
    failed = statement(cause) if isinstance(cause, DBAPIError) else []
    return [f"file: {step.path}", *failed, *reasons(cause)[1:4]]
