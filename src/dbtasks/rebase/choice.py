"""Which branch of a history a rebase moves, and onto which head; pure."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from dbtasks.errors import CheckError, RefusedError, UsageError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from dbtasks.git.base_branch import BaseBranch
    from dbtasks.revisions.history import History
    from dbtasks.revisions.source import RevisionSource

_MERGE = "invoke db.merge-heads joins the heads and moves nothing"


def named(one: RevisionSource) -> str:
    """Return a revision's id and the first line of its message."""
    message = one.message.partition("\n")[0]
    return f"{one.revision} ({message})" if message else one.revision


@dataclass(frozen=True)
class Choice:
    """The heads of a history, seen from the base branch (None: not known) and from the databases.

    `applied` are the revisions that a known database has.
    """

    history: History
    base: BaseBranch | None
    applied: frozenset[str]

    @cached_property
    def _on_base(self) -> frozenset[str]:
        return frozenset(self.base.history.revisions) if self.base is not None else frozenset()

    def choose(self, revision: str | None, onto: str | None) -> tuple[str, str]:
        """Return a revision of the branch to move, and the revision to move it onto.

        Raises:
            CheckError: there is one head only.
            RefusedError: it is not clear which branch is meant; the reason is told.
            UsageError: a name means no revision.
        """
        target = self._one(onto, "--onto") if onto is not None else None
        mover = self._one(revision, "REV") if revision is not None else self._mover(target)
        return mover, target or self._target(mover, explicit=revision is not None)

    def _one(self, name: str, what: str) -> str:
        found = self.history.get(name)
        if len(found) != 1:
            raise UsageError(
                f"{what} {name} names {len(found)} revisions, and one is wanted",
                remedy="invoke db.heads shows the heads",
            )
        return found[0].revision

    def _mover(self, target: str | None) -> str:
        heads = self.history.effective_heads
        if len(heads) < 2:
            raise self._one_head()
        if self.base is None:
            raise RefusedError(
                "which branch to move cannot be told: the base branch is not known",
                remedy=f"name one of its revisions, as in invoke db.rebase {heads[-1]}; {_MERGE}",
                code="unclear-branch",
            )
        passed = self.history.ancestors(target) if target is not None else frozenset()
        free = [head for head in heads if head not in self._on_base and head not in passed]
        if not free:
            raise RefusedError(
                f"no branch may move: every head is on {self.base.name} already: {self._list(heads)}",
                remedy=_MERGE,
                code="on-base",
            )
        free = [head for head in free if target is not None or self._related(head)] or free
        # What follows all of the base branch stays: moving it would move some of that too.
        known = self._on_base.intersection(self.history.revisions)
        free = [head for head in free if known - self.history.ancestors(head)] or free
        if len(free) > 1:
            free = [head for head in free if head not in self.applied] or free
        if len(free) > 1:
            raise RefusedError(
                f"{len(free)} branches could be moved: {self._list(free)}",
                remedy=f"name one, as in invoke db.rebase {free[-1]}; {_MERGE}",
                code="unclear-branch",
            )
        return free[0]

    def _target(self, mover: str, *, explicit: bool) -> str:
        others = self._others(mover)
        if not others:
            raise self._one_head()
        found = self._related(mover)
        if not found and not explicit:
            raise RefusedError(
                f"revision {named(self.history.revisions[mover])} shares no ancestor with another head:"
                " it is a history of its own",
                remedy=f"if it should follow another one: invoke db.rebase {mover} --onto REV",
                code="unrelated",
            )
        found = found or others
        if len(found) > 1:
            found = [head for head in found if head in self._on_base] or found
        if len(found) > 1:
            raise RefusedError(
                f"{mover} could be moved onto {len(found)} heads: {self._list(found)}",
                remedy=f"name one, as in invoke db.rebase {mover} --onto {found[0]}",
                code="unclear-onto",
            )
        return found[0]

    def _others(self, mover: str) -> list[str]:
        """Return the heads that do not follow a revision, in the order of the files."""
        after = self.history.descendants(mover, dependencies=False)
        return [head for head in self.history.effective_heads if head not in after]

    def _related(self, mover: str) -> list[str]:
        """Return the other heads that share an ancestor with a revision."""
        mine = self.history.ancestors(mover, dependencies=False)
        return [
            head
            for head in self._others(mover)
            if mine & self.history.ancestors(head, dependencies=False)
        ]

    def _one_head(self) -> CheckError:
        ahead = [one for one in self._on_base if one not in self.history.revisions]
        hint = "invoke db.heads shows it"
        if self.base is not None and ahead:
            hint = f"{self.base.name} has {len(ahead)} more: git merge {self.base.name}, then run this again"
        return CheckError(
            "there is nothing to re-parent: the history has one head", remedy=hint, code="one-head"
        )

    def _list(self, names: Iterable[str]) -> str:
        return ", ".join(named(self.history.revisions[name]) for name in names)
