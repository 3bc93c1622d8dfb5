"""Re-parenting: which revisions of a history move where, and the reasons why they may not."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from dbtasks.errors import DbtasksError, RefusedError
from dbtasks.rebase.choice import Choice, named
from dbtasks.revisions.history import History

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from dbtasks.git.base_branch import BaseBranch
    from dbtasks.revisions.source import RevisionSource

_MERGE = "invoke db.merge-heads joins the heads and moves nothing"
_LOCAL = "the local database"
_NOTHING: Mapping[str, Sequence[str]] = {}


@dataclass(frozen=True, kw_only=True)
class LocalWay:
    """What the local database needs, because it has revisions that move.

    `undone` are those, oldest first; `target` is what to roll back to before the file changes.
    """

    undone: tuple[str, ...]
    target: str

    def steps(self, plan: RebasePlan) -> tuple[str, ...]:
        """Return the commands, in order; `db.rebase --migrate` does the same."""
        return (
            f"invoke db.rollback --to {self.target}",
            f"invoke db.rebase {plan.first.revision} --onto {plan.onto.revision}",
            "invoke db.migrate",
        )


@dataclass(frozen=True, kw_only=True)
class RebasePlan:
    """A re-parenting: `first` is to follow `onto`, and all of `moved` goes with it (oldest first).

    `after` is the history that this gives. `breaks` says what `force` accepts; `way` is None unless
    the local database has to be rolled back first.
    """

    first: RevisionSource
    onto: RevisionSource
    moved: tuple[RevisionSource, ...]
    after: History
    way: LocalWay | None = None
    breaks: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


def plan_rebase(
    history: History,
    *,
    revision: str | None = None,
    onto: str | None = None,
    base: BaseBranch | None,
    applied: Sequence[str] = (),
    elsewhere: Mapping[str, Sequence[str]] = _NOTHING,
    force: bool = False,
    migrate: bool = False,
) -> RebasePlan:
    """Return what to move where; nothing is written.

    Args:
        history: the revision files, sound.
        revision: a revision of the branch to move; chosen when not given.
        onto: the revision to follow; the head of the base branch when not given.
        base: the base branch, None if it could not be read.
        applied: where the local database is.
        elsewhere: where other databases are, by name.
        force: move it against every reason; `breaks` says what that costs.
        migrate: the local database is taken along, as `way` says.

    Raises:
        CheckError: there is nothing to move.
        RefusedError: what to move is unclear, or should not move.
    """
    history.check()
    databases = {_LOCAL: tuple(applied), **elsewhere}
    choice = Choice(history, base, _applied(history, databases))
    plan = _planned(history, *choice.choose(revision, onto))
    way = _way(history, plan, applied)
    dangers = [*_on_base(plan, base), *_labels(plan)]
    for name, current in databases.items():
        found = _in_database(history, plan, name, current, way if name == _LOCAL else None)
        dangers += [one for one in found if one.code != "applied" or name != _LOCAL or not migrate]
    if dangers and not force:
        raise dangers[0]
    told = tuple(one.message for one in dangers)
    return replace(plan, way=way if migrate else None, breaks=told)


def _applied(history: History, databases: Mapping[str, Sequence[str]]) -> frozenset[str]:
    current = [name for names in databases.values() for name in names if name in history.revisions]
    return history.ancestors(*current)


def _planned(history: History, mover: str, onto: str) -> RebasePlan:
    first = _first(history, mover, onto)
    moving = history.descendants(first.revision, dependencies=False)
    _no_merge_points(history, first, moving)
    changed = replace(first, down_revision=(onto,))
    after = History(changed if one is first else one for one in history.files)
    if after.cycles:
        raise _refused(
            f"{onto} needs a revision of the branch (depends_on), so the branch cannot follow it",
            "cycle",
        )
    return RebasePlan(
        first=first,
        onto=history.revisions[onto],
        moved=tuple(one for one in reversed(history.ordered()) if one.revision in moving),
        after=after,
        notes=tuple(_notes(history, after, moving, mover)),
    )


def _first(history: History, mover: str, onto: str) -> RevisionSource:
    """Return the revision that a branch starts with, seen from the one to follow."""
    ahead = history.ancestors(mover, dependencies=False) - history.ancestors(
        onto, dependencies=False
    )
    parents = {one: history.revisions[one].down_revision for one in ahead}
    roots = sorted(one for one in ahead if not ahead.intersection(parents[one]))
    if not ahead or any(parents[one] == (onto,) for one in roots):
        raise _refused(
            f"{mover} comes {'before' if not ahead else 'after'} {onto} already",
            "nothing-to-move",
            "invoke db.history shows the graph",
        )
    if len(roots) > 1:
        raise _refused(
            f"the branch of {mover} starts at {len(roots)} revisions, {', '.join(roots)},"
            " which a merge point joins; re-parenting changes one file only",
            "merge-point",
        )
    return history.revisions[roots[0]]


def _no_merge_points(history: History, first: RevisionSource, moving: frozenset[str]) -> None:
    for name in (first.revision, *sorted(moving - {first.revision})):
        parents = history.revisions[name].down_revision
        outside = [one for one in parents if one not in moving]
        if len(parents) > 1 and outside:
            raise _refused(
                f"the branch has the merge point {named(history.revisions[name])}, which also"
                f" follows {', '.join(outside)} outside of it",
                "merge-point",
                f"delete that merge revision if nobody has applied it, then run this again; {_MERGE}",
            )


def _notes(history: History, after: History, moving: frozenset[str], mover: str) -> list[str]:
    heads = [one for one in history.heads if one in moving]
    line = history.descendants(mover, dependencies=False)
    also = [one for one in heads if one not in line]
    left = after.effective_heads
    notes = [f"{', '.join(also)} moves with it"] if also else []
    if len(left) > 1:
        notes.append(f"{len(left)} heads are left: {', '.join(left)}")
    return notes


def _on_base(plan: RebasePlan, base: BaseBranch | None) -> list[DbtasksError]:
    if base is None:
        return [
            _refused(
                f"whether {plan.first.revision} is on the base branch already cannot be told",
                "base-unknown",
                "see why the base branch cannot be read; --force moves it all the same",
            )
        ]
    there = [one.revision for one in plan.moved if one.revision in base.history.revisions]
    if not there:
        return []
    return [
        _refused(
            f"{', '.join(there)} is on {base.name} already: a database that has it would never get"
            f" {plan.onto.revision}, which would come before it",
            "on-base",
            f"{_MERGE}; --force moves it all the same",
        )
    ]


def _labels(plan: RebasePlan) -> list[DbtasksError]:
    return [
        _refused(
            f"{named(one)} carries the branch label {', '.join(one.branch_labels)}, which would then"
            f" name the revisions of {plan.onto.revision} too",
            "labelled",
            f"{_MERGE}; --force moves it all the same",
        )
        for one in plan.moved
        if one.branch_labels
    ]


def _in_database(
    history: History, plan: RebasePlan, database: str, current: Sequence[str], way: LocalWay | None
) -> list[DbtasksError]:
    unknown = [name for name in current if name not in history.revisions]
    if unknown:
        return [
            _refused(
                f"{database} is at {', '.join(unknown)}, which no revision file has, so whether"
                f" {plan.first.revision} is applied there cannot be told",
                "unknown-current",
                "switch to the branch that has it and roll back there, or invoke db.recreate",
            )
        ]
    applied = history.ancestors(*current)
    there = [one.revision for one in plan.moved if one.revision in applied]
    if not there:
        return []
    skipped = f"it would never get {plan.onto.revision}, which would come before"
    if plan.onto.revision in applied:
        skipped = f"its version table would name {plan.onto.revision} too, which Alembic refuses"
    steps = way.steps(plan) if way is not None else ()
    return [
        RefusedError(
            f"{database} has {', '.join(there)} applied: {skipped}",
            remedy="invoke db.rebase --migrate rolls back, re-parents and migrates"
            if way is not None
            else f"roll it back there first; {_MERGE}",
            code="applied",
            details=[f"by hand: {step}" for step in steps],
        )
    ]


def _way(history: History, plan: RebasePlan, current: Sequence[str]) -> LocalWay | None:
    """Return how the local database gets to before the branch, None if it is."""
    known = [name for name in current if name in history.revisions]
    applied = history.ancestors(*known)
    undone = tuple(one.revision for one in plan.moved if one.revision in applied)
    if not undone:
        return None
    fork = plan.first.down_revision[0] if plan.first.down_revision else "base"
    beyond = applied - (history.ancestors(fork) if plan.first.down_revision else frozenset())
    # With a second branch applied, only the moved one is to be undone.
    alone = beyond <= history.descendants(plan.first.revision)
    return LocalWay(undone=undone, target=fork if alone else f"{plan.first.revision}@{fork}")


def _refused(message: str, code: str, remedy: str = _MERGE) -> RefusedError:
    return RefusedError(message, remedy=remedy, code=code)
