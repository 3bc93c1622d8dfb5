"""The graph of a project's revisions; its answers are Alembic's, in Alembic's order."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from dbtasks.revisions import errors
from dbtasks.revisions.order import Edges, circles, newest_first, reach

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from dbtasks.revisions.source import RevisionSource


@dataclass(frozen=True, kw_only=True)
class MissingParent:
    """A revision that follows or depends on one that no file has."""

    revision: str
    parent: str
    variable: str
    path: str


class History:
    """Revisions and what follows what; made of files that need not make up a sound history.

    What is wrong with them is in `duplicates`, `duplicate_labels`, `missing_parents` and `cycles`, and
    `check()` raises for it. A parent that is missing is left out of the graph.
    """

    def __init__(self, revisions: Iterable[RevisionSource]) -> None:
        self.files = tuple(revisions)
        self.revisions: Mapping[str, RevisionSource] = {one.revision: one for one in self.files}

    def __len__(self) -> int:
        return len(self.revisions)

    @cached_property
    def computed(self) -> tuple[str, ...]:
        """The files that had to be run by Alembic, because they compute their identifiers."""
        return tuple(one.path for one in self.files if one.computed)

    @cached_property
    def duplicates(self) -> Mapping[str, tuple[str, ...]]:
        """The revision ids that several files have, and those files."""
        if len(self.files) == len(self.revisions):
            return {}
        paths: dict[str, tuple[str, ...]] = {}
        for one in self.files:
            paths[one.revision] = (*paths.get(one.revision, ()), one.path)
        return {revision: found for revision, found in paths.items() if len(found) > 1}

    @cached_property
    def duplicate_labels(self) -> Mapping[str, tuple[str, ...]]:
        """The branch labels that are given twice or are a revision's id, and the files."""
        owners: dict[str, tuple[str, ...]] = {}
        for one in self.files:
            for label in one.branch_labels:
                named = self.revisions.get(label)
                before = owners.get(label, (named.path,) if named else ())
                owners[label] = (*before, one.path)
        return {label: found for label, found in owners.items() if len(found) > 1}

    @cached_property
    def labels(self) -> Mapping[str, str]:
        """The branch labels, and the revision that each is given to."""
        return {label: one.revision for one in self.files for label in one.branch_labels}

    @cached_property
    def missing_parents(self) -> tuple[MissingParent, ...]:
        """What is followed or depended on and is not there, in the order of the files."""
        return tuple(self._missing())

    def _missing(self) -> Iterator[MissingParent]:
        for one in self.files:
            for variable, names in (
                ("down_revision", one.down_revision),
                ("depends_on", one.depends_on),
            ):
                for name in names:
                    known = name in self.revisions or (
                        variable == "depends_on" and name in self.labels
                    )
                    if not known:
                        yield MissingParent(
                            revision=one.revision, parent=name, variable=variable, path=one.path
                        )

    @cached_property
    def _edges(self) -> Edges:
        revisions, labels = self.revisions, self.labels
        return Edges(
            {
                revision: one.down_revision
                if len(one.down_revision) == 1 and one.down_revision[0] in revisions
                else tuple(dict.fromkeys(name for name in one.down_revision if name in revisions))
                for revision, one in revisions.items()
            },
            {
                revision: tuple(
                    name if name in revisions else labels[name]
                    for name in one.depends_on
                    if name in revisions or name in labels
                )
                for revision, one in revisions.items()
                if one.depends_on
            },
        )

    @cached_property
    def cycles(self) -> tuple[tuple[str, ...], ...]:
        """The circles that revisions run in; Alembic sees most of them, and names more revisions."""
        return circles(self._edges.all_parents)

    @cached_property
    def heads(self) -> tuple[str, ...]:
        """The revisions that no other follows."""
        return tuple(one for one in self.revisions if not self._edges.children[one])

    @cached_property
    def effective_heads(self) -> tuple[str, ...]:
        """The revisions that no other follows or depends on: what a migrated database is at."""
        return tuple(one for one in self.revisions if not self._edges.all_children[one])

    @cached_property
    def bases(self) -> tuple[str, ...]:
        """The revisions that follow no other."""
        return tuple(name for name, one in self.revisions.items() if not one.down_revision)

    def ancestors(self, *names: str, dependencies: bool = True) -> frozenset[str]:
        """Return the named revisions and all they need, over `depends_on` too unless told not to."""
        edges = self._edges
        return frozenset(reach(names, edges.all_parents if dependencies else edges.parents))

    def descendants(self, *names: str, dependencies: bool = True) -> frozenset[str]:
        """Return the named revisions and all that need them, over `depends_on` too unless told not to."""
        edges = self._edges
        return frozenset(reach(names, edges.all_children if dependencies else edges.children))

    def ordered(self) -> tuple[RevisionSource, ...]:
        """Return all revisions, newest first, in the order of Alembic's `walk_revisions()`.

        Raises:
            MigrationError: with code `cycle`.
        """
        return self._sorted(set(self.revisions))

    def pending(self, current: Iterable[str]) -> tuple[RevisionSource, ...]:
        """Return what Alembic's `upgrade heads` would apply to a database at `current`, in order.

        Raises:
            MigrationError: `current` has a revision that no file has, or one that another one includes;
                or the history runs in a circle.
        """
        current = tuple(current)
        for name in current:
            if name not in self.revisions:
                raise errors.unknown_current(name)
            included = (self.ancestors(name) & set(current)) - {name}
            if included:
                raise errors.overlapping_current(name, included)
        missing = set(self.revisions).difference(self.ancestors(*current))
        return self._sorted(missing)[::-1]

    def _sorted(self, wanted: set[str]) -> tuple[RevisionSource, ...]:
        self._no_cycles()
        found = newest_first(wanted, self.effective_heads, self._edges.reduced_parents)
        return tuple(self.revisions[name] for name in found)

    def get(self, name: str) -> tuple[RevisionSource, ...]:
        """Return what a name means: an id or the start of one, a branch label, heads, head or base.

        `LABEL@head`, `LABEL@heads` and `LABEL@ID` look within a branch. `base` is no revision: the empty tuple.

        Raises:
            MigrationError: no revision, several, or several heads are meant.
        """
        branch, at, symbol = name.partition("@") if "@" in name else ("", "", name)
        lineage = self._lineage(branch) if at else None
        if symbol == "base":
            return ()
        if symbol in {"head", "heads"}:
            heads = self.effective_heads if symbol == "heads" and lineage is None else self.heads
            found = tuple(head for head in heads if lineage is None or head in lineage)
            if symbol == "head" and len(found) > 1:
                raise errors.several_heads(found)
            return tuple(self.revisions[head] for head in found)
        return (self.revisions[self._one(symbol, lineage)],)

    def _lineage(self, branch: str) -> frozenset[str]:
        start = self._one(branch, None)
        return self.ancestors(start, dependencies=False) | self.descendants(
            start, dependencies=False
        )

    def _one(self, name: str, lineage: frozenset[str] | None) -> str:
        known = {**self.labels, **{revision: revision for revision in self.revisions}}
        names = (
            [name]
            if name in known
            else [
                one
                for one in known
                if name and len(one) > 3 and one.startswith(name)
                if lineage is None or known[one] in lineage
            ]
        )
        if len(names) > 1:
            raise errors.ambiguous(name, names)
        if not names:
            raise errors.unknown(name)
        if lineage is not None and known[names[0]] not in lineage:
            raise errors.in_another_branch(known[names[0]])
        return known[names[0]]

    def check_one_head(self) -> str | None:
        """Return the effective head, None of an empty history.

        Raises:
            MigrationError: with code `several-heads`.
        """
        heads = self.effective_heads
        if len(heads) > 1:
            raise errors.several_heads(heads)
        return heads[0] if heads else None

    def check(self) -> None:
        """Stop unless the files make up one sound history.

        Raises:
            MigrationError: with code `duplicate-revision`, `duplicate-label`, `missing-parent` or `cycle`.
        """
        for revision, paths in self.duplicates.items():
            raise errors.duplicate_revision(revision, paths)
        for label, paths in self.duplicate_labels.items():
            raise errors.duplicate_label(label, paths)
        if self.missing_parents:
            child = self.revisions[self.missing_parents[0].revision]
            raise errors.missing_parent(child, self.missing_parents, self.labels)
        self._no_cycles()

    def _no_cycles(self) -> None:
        for cycle in self.cycles:
            raise errors.cycle(self.revisions[name] for name in cycle)
