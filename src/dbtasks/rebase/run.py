"""A re-parenting carried out: the result proven, the file rewritten, the local database taken along."""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from dbtasks.errors import DbtasksError, MigrationError, RefusedError
from dbtasks.git import find_repository
from dbtasks.git.base_branch import read_base
from dbtasks.git.places import place_of
from dbtasks.rebase import plan_rebase
from dbtasks.revisions import read_history
from dbtasks.revisions.edit import reparent

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from dbtasks.git.base_branch import BaseBranch
    from dbtasks.migrator import Migrator
    from dbtasks.rebase import RebasePlan
    from dbtasks.revisions.change import Change
    from dbtasks.revisions.history import History
    from dbtasks.settings import Settings
    from dbtasks.throwaway import Throwaways


@dataclass(frozen=True, kw_only=True)
class PreparedRebase:
    """A re-parenting that nothing speaks against; nothing is written yet."""

    plan: RebasePlan
    change: Change
    diff: str


@dataclass(frozen=True, kw_only=True)
class Proof:
    """One way to the new head that was gone on a throwaway database: `start`, and what was applied."""

    start: str
    applied: tuple[str, ...]
    seconds: float


@dataclass(frozen=True, kw_only=True)
class RebaseOutcome:
    """What a re-parenting did; `undone` and `applied` are the local database's."""

    revision: str
    onto: str
    was: tuple[str, ...]
    moved: tuple[str, ...]
    path: str
    diff: str
    heads: tuple[str, ...]
    breaks: tuple[str, ...]
    notes: tuple[str, ...]
    proofs: tuple[Proof, ...]
    undone: tuple[str, ...] = ()
    applied: tuple[str, ...] = ()


def prepare_rebase(
    settings: Settings,
    *,
    revision: str | None = None,
    onto: str | None = None,
    base: str | None = None,
    applied: Sequence[str] = (),
    elsewhere: Mapping[str, Sequence[str]] | None = None,
    force: bool = False,
    migrate: bool = False,
) -> PreparedRebase:
    """Read the project and its base branch, and plan; arguments are those of `plan_rebase()`.

    Raises:
        DbtasksError: anything is unclear; with `force` and a `revision`, git need not know the base branch.
    """
    history = read_history(settings)
    branch = _base(settings, history, base, optional=force and revision is not None)
    plan = plan_rebase(
        history,
        revision=revision,
        onto=onto,
        base=branch,
        applied=applied,
        elsewhere=elsewhere or {},
        force=force,
        migrate=migrate,
    )
    if branch is not None and not force:
        _not_in_another_folder(branch, plan)
    change = reparent(plan.first, plan.onto.revision)
    return PreparedRebase(plan=plan, change=change, diff=change.diff(settings.root))


def _base(
    settings: Settings, history: History, name: str | None, *, optional: bool
) -> BaseBranch | None:
    try:
        repository = find_repository(settings.root)
        repository.check_branch()
        repository.check_whole()
        return read_base(settings, history, name)
    except MigrationError:
        if not optional:
            raise
        return None


def _not_in_another_folder(base: BaseBranch, plan: RebasePlan) -> None:
    """Look for the revision in all of the base branch; this branch may have moved the files."""
    place = place_of(base.repository, plan.first.revision, [base.commit])
    if place is not None:
        raise RefusedError(
            f"{plan.first.revision} is on {base.name} already, in {place.path}",
            remedy="invoke db.merge-heads joins the heads and moves nothing",
            code="on-base",
        )


def carry_out(
    prepared: PreparedRebase, throwaways: Throwaways, migrator: Callable[[], Migrator] | None = None
) -> RebaseOutcome:
    """Prove the new history, then rewrite the file; with `plan.way`, take the local database along.

    `migrator` gives the migrations of the local database; each call reads the files anew. A proof
    that fails leaves file and database as they were.

    Raises:
        MigrationError: the file cannot be written, or a revision fails; the error says what was done.
    """
    plan = prepared.plan
    applied: tuple[str, ...] = ()
    prepared.change.check()
    proofs = prove(throwaways, plan)
    undone = _undo(plan, migrator) if migrator is not None else ()
    try:
        prepared.change.write()
    except MigrationError as error:
        if not undone:
            raise
        told = f"{', '.join(undone)} undone in the local database"
        raise _with_detail(
            error, f"{told}; invoke db.migrate applies what the files say"
        ) from error
    if undone and migrator is not None:
        applied = tuple(one.revision for one in migrator().upgrade("heads").applied)
    return RebaseOutcome(
        revision=plan.first.revision,
        onto=plan.onto.revision,
        was=plan.first.down_revision,
        moved=tuple(one.revision for one in plan.moved),
        path=plan.first.path,
        diff=prepared.diff,
        heads=plan.after.effective_heads,
        breaks=plan.breaks,
        notes=plan.notes,
        proofs=proofs,
        undone=undone,
        applied=applied,
    )


def _undo(plan: RebasePlan, migrator: Callable[[], Migrator]) -> tuple[str, ...]:
    """Roll the local database back as far as the plan wants it."""
    if plan.way is None:
        return ()
    try:
        return tuple(one.revision for one in migrator().downgrade(plan.way.target).applied)
    except MigrationError as error:
        told = f"nothing was re-parented: {Path(plan.first.path).name} is as it was"
        raise _with_detail(error, told) from error


def _with_detail(error: MigrationError, told: str) -> MigrationError:
    return MigrationError(
        error.message,
        remedy=error.remedy,
        code=error.code,
        details=[*error.details, told],
        revision=error.revision,
    )


def prove(throwaways: Throwaways, plan: RebasePlan) -> tuple[Proof, ...]:
    """Migrate throwaway databases to the new head: an empty one, and one at the other head.

    The files may still say what they said before.

    Raises:
        MigrationError: a revision fails on the way, or is left out; `details` says on which.
    """
    return tuple(_prove(throwaways, plan, start) for start in ((), (plan.onto.revision,)))


def _prove(throwaways: Throwaways, plan: RebasePlan, current: tuple[str, ...]) -> Proof:
    start = ", ".join(current) or "base"
    began = time.perf_counter()
    try:
        parents = {plan.first.revision: plan.onto.revision}
        with throwaways.at(current, parents=parents) as migrator:
            outcome = migrator.upgrade("heads")
    except MigrationError as error:
        raise _unproven(error, plan, start) from error
    applied = tuple(one.revision for one in outcome.applied)
    expected = [one.revision for one in plan.after.pending(current)]
    if outcome.pending or sorted(applied) != sorted(expected):
        raise _unproven(
            MigrationError(f"of {', '.join(expected)} only {', '.join(applied)} was applied"),
            plan,
            start,
        )
    return Proof(start=start, applied=applied, seconds=time.perf_counter() - began)


def _unproven(error: DbtasksError, plan: RebasePlan, start: str) -> MigrationError:
    return MigrationError(
        f"nothing was changed: with {plan.first.revision} behind {plan.onto.revision}, migrating"
        f" from {start} to the new head fails: {error.message}",
        remedy="let the branch fit what would come before it, then run this again;"
        " invoke db.merge-heads joins the heads and moves nothing",
        code="unproven",
        details=error.details,
    )
