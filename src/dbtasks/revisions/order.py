"""The edges between revisions, and the order in which Alembic walks them."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping

    Parents = Mapping[str, tuple[str, ...]]


class Edges:
    """Who follows whom (`parents`), and who needs whom through `depends_on` (`dependencies`).

    All mappings are in the order of the files. Raises nothing: circles are left to `circles()`.
    """

    def __init__(self, parents: Parents, dependencies: Parents) -> None:
        self.parents = parents
        self._dependencies = dependencies

    @cached_property
    def all_parents(self) -> Parents:
        """Parents, then dependencies, each once."""
        return self._joined(self._dependencies)

    @cached_property
    def reduced_parents(self) -> Parents:
        """Parents, then those dependencies that no ancestor has too."""
        return self._joined({name: self._reduced(name) for name in self._dependencies})

    @cached_property
    def children(self) -> Parents:
        """Who follows each revision."""
        return _reversed(self.parents)

    @cached_property
    def all_children(self) -> Parents:
        """Who follows each revision or depends on it."""
        return _reversed(self.all_parents)

    def _joined(self, dependencies: Parents) -> Parents:
        if not dependencies:
            return self.parents
        joined = dict(self.parents)
        for name, needed in dependencies.items():
            joined[name] = tuple(dict.fromkeys((*joined[name], *needed)))
        return joined

    @cached_property
    def _dependents(self) -> Mapping[str, int]:
        count: dict[str, int] = {}
        for needed in self._dependencies.values():
            for name in set(needed):
                count[name] = count.get(name, 0) + 1
        return count

    def _reduced(self, name: str) -> tuple[str, ...]:
        """Leave out what an ancestor depends on too.

        Alembic takes the order from a set; the same steps on a set give the same order, within one
        process. Ancestors are walked only where another revision has one of the dependencies.
        """
        needed = set(self._dependencies[name])
        shared = {one for one in needed if self._dependents[one] > 1}
        todo, seen = [name], set()
        while todo and shared:
            one = todo.pop()
            if one in seen:
                continue
            seen.add(one)
            if one != name and one in self._dependencies:
                needed.difference_update(self._dependencies[one])
                shared.difference_update(self._dependencies[one])
            todo.extend(self.parents[one])
        return tuple(needed)


def _reversed(parents: Parents) -> Parents:
    children: dict[str, list[str]] = {name: [] for name in parents}
    for name, its_parents in parents.items():
        for parent in its_parents:
            children[parent].append(name)
    return {name: tuple(its_children) for name, its_children in children.items()}


def reach(names: Iterable[str], edges: Parents) -> set[str]:
    """Return the names and whatever can be reached from them."""
    todo, seen = list(names), set()
    while todo:
        name = todo.pop()
        if name not in seen:
            seen.add(name)
            todo.extend(edges[name])
    return seen


def newest_first(wanted: Collection[str], heads: Iterable[str], parents: Parents) -> list[str]:
    """Sort revisions as Alembic's `RevisionMap._topological_sort`, in linear time for usual graphs.

    It walks down from one head until it meets a revision that another branch still leads to, goes on
    there, and comes back. Alembic finds out with a set of ancestors per branch; here a count of the
    children left tells, and the other branch is looked for upwards from the meeting point.
    """
    todo = set(wanted)
    children: dict[str, list[str]] = {name: [] for name in todo}
    for name in parents:
        if name in todo:
            for parent in parents[name]:
                if parent in todo:
                    children[parent].append(name)
    left = {name: len(its_children) for name, its_children in children.items()}
    branches = [head for head in heads if head in todo]
    tips = set(branches)
    at = 0
    output: list[str] = []
    while branches:
        tip = branches[at]
        if left[tip]:
            at = _branch_above(tip, branches, at, children, todo)
            continue
        output.append(tip)
        todo.remove(tip)
        tips.remove(tip)
        following = [parent for parent in parents[tip] if parent in todo]
        for parent in following:
            left[parent] -= 1
        following = [parent for parent in following if parent not in tips]
        tips.update(following)
        if following:
            branches[at] = following[0]
            branches += following[1:]
        else:
            del branches[at]
            at = max(at - 1, 0)
    return output


def _branch_above(
    tip: str, branches: list[str], at: int, children: Mapping[str, list[str]], todo: set[str]
) -> int:
    """Return the index of the first other branch that leads to `tip`."""
    lowest = branches[1 if at == 0 else 0]
    above, seen = [tip], set()
    while above:
        name = above.pop()
        if name == lowest:
            return 1 if at == 0 else 0
        if name not in seen and name in todo:
            seen.add(name)
            above.extend(reversed(children[name]))
    return next(index for index, name in enumerate(branches) if name in seen and index != at)


def circles(parents: Parents) -> tuple[tuple[str, ...], ...]:
    """Return the revisions that are their own ancestors, each circle in the order of `parents`."""
    inner = _without_ends(_without_ends(parents))
    if not inner:
        return ()
    inner = {name: inner[name] for name in parents if name in inner}
    forwards, found, done = _reversed(inner), [], set()
    for name in inner:
        if name in done:
            continue
        circle = reach([name], inner) & reach([name], forwards)
        done |= circle
        if len(circle) > 1 or name in inner[name]:
            found.append(tuple(one for one in inner if one in circle))
    return tuple(found)


def _without_ends(edges: Parents) -> Parents:
    """Take off what nothing leads to, again and again; return the rest, with its edges turned."""
    left = dict.fromkeys(edges, 0)
    for targets in edges.values():
        for target in targets:
            left[target] += 1
    ends = [name for name, count in left.items() if not count]
    for name in ends:
        del left[name]
        for target in edges[name]:
            left[target] -= 1
            if not left[target]:
                ends.append(target)
    turned: dict[str, list[str]] = {name: [] for name in left}
    for name in left:
        for target in edges[name]:
            if target in left:
                turned[target].append(name)
    return {name: tuple(targets) for name, targets in turned.items()}
