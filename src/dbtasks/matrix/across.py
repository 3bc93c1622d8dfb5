"""The schema at head compared across PostgreSQL majors, from what each revision changed on each; pure."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Protocol

from dbtasks.matrix.divergence import BASE, CODE, PROOF, Divergence, differ
from dbtasks.matrix.wording import labels

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping, Sequence

    from dbtasks.matrix.cells import Cell

    Properties = Mapping[str, Any]

OTHER_HISTORY = "its history is another one"
_OWNERS = ("schema ", "table ", "view ", "materialized view ", "foreign table ", "type ")


class Exempt(Protocol):
    """An entry of the project's known exceptions; what is None does not matter.

    `postgres` are the majors without which there would be no difference.
    """

    @property
    def proof(self) -> str:
        """The proof that it is about."""

    @property
    def revision(self) -> str | None:
        """The revision that introduced the difference, or base."""

    @property
    def code(self) -> str | None:
        """The code of the finding."""

    @property
    def object(self) -> str | None:
        """The key of the object."""

    @property
    def postgres(self) -> Collection[int]:
        """The majors."""

    @property
    def reason(self) -> str:
        """Why the difference is accepted."""


@dataclass(frozen=True, kw_only=True)
class Comparison:
    """What was compared and differs.

    `compared` has labels of cells, `left_out` those that were not compared with the reason why;
    `stale` are the accepted exceptions that no difference needs.
    """

    compared: tuple[str, ...]
    left_out: Mapping[str, str]
    divergences: tuple[Divergence, ...]
    stale: tuple[Exempt, ...] = ()


def compare(cells: Sequence[Cell], *, accepted: Collection[Exempt] = ()) -> Comparison:
    """Compare the states at head of all cells that came that far."""
    names = labels(cells)
    left_out = {names[one.name]: why for one in cells if (why := _why_left_out(one))}
    longest = max(
        (_revisions(one) for one in cells if names[one.name] not in left_out), key=len, default=()
    )
    for one in cells:
        if names[one.name] not in left_out and _revisions(one) != longest:
            left_out[names[one.name]] = OTHER_HISTORY
    taken = [one for one in cells if names[one.name] not in left_out]
    timelines = {names[one.name]: _Timeline(one) for one in taken}
    majors = {names[one.name]: one.postgres for one in taken}
    entries = [one for one in accepted if one.proof == PROOF]
    found = _divergences(timelines)
    used = {id(e) for e in entries for one in found if _matches(e, one, majors)}
    complete = len(timelines) > 1 and not left_out
    return Comparison(
        compared=tuple(timelines),
        left_out=left_out,
        divergences=tuple(_accept(one, entries, majors) for one in found),
        stale=tuple(one for one in entries if id(one) not in used) if complete else (),
    )


class _Timeline:
    """A cell's changes folded in the order of its history: what each object was after each revision."""

    def __init__(self, cell: Cell) -> None:
        self.revisions = [one.revision for one in cell.history]
        places = {revision: place for place, revision in enumerate(self.revisions)}
        self.states: dict[str, list[tuple[int, Properties | None]]] = {}
        changes = [(places.get(one.revision, -1), one) for one in cell.changes]
        for place, change in sorted(changes, key=lambda one: one[0]):
            for key, properties in change.objects.items():
                self.states.setdefault(key, []).append((place, properties))

    def at(self, key: str, place: int) -> Properties | None:
        """Return the object after the revision at a place; None if it is not there."""
        state = None
        for changed, properties in self.states.get(key, ()):
            if changed > place:
                break
            state = properties
        return state

    def head(self, key: str) -> Properties | None:
        """Return the object at head; None if it is not there."""
        return self.at(key, len(self.revisions))


def _revisions(cell: Cell) -> tuple[str, ...]:
    return tuple(one.revision for one in cell.history)


def _why_left_out(cell: Cell) -> str:
    """Return why a cell's state at head is not known, empty if it is."""
    if cell.outcome not in {"passed", "failed"}:
        return f"it is {cell.outcome}"
    if not cell.changes:
        return "it has no record of what its revisions change"
    recorded = {one.revision for one in cell.changes}
    behind = [one.revision for one in cell.history if one.revision not in recorded]
    return f"it has no record of what revision {behind[0]} changes" if behind else ""


def _divergences(timelines: Mapping[str, _Timeline]) -> list[Divergence]:
    """Return what differs, in the order of the revisions that introduced it."""
    found: list[tuple[int, Divergence]] = []
    for key in sorted({key for one in timelines.values() for key in one.states}):
        states = {label: one.head(key) for label, one in timelines.items()}
        for name, values in _differing(states):
            among = [timelines[label] for label in values]
            place = _introduced(key, name, among)
            revision = among[0].revisions[place] if place >= 0 else BASE
            one = Divergence(key=key, name=name, values=values, revision=revision)
            found.append((place, one))
    found.sort(key=lambda one: one[0])
    return _without_parts([one for _, one in found])


def _differing(states: Mapping[str, Properties | None]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield the properties that differ where the object is, and first "" if it is not everywhere."""
    present = {label: state is not None for label, state in states.items()}
    if differ(present.values()):
        yield "", present
    there = {label: state for label, state in states.items() if state is not None}
    for name in sorted({name for state in there.values() for name in state}):
        values = {label: state.get(name) for label, state in there.items()}
        if differ(values.values()):
            yield name, values


def _introduced(key: str, name: str, timelines: Sequence[_Timeline]) -> int:
    """Return the place of the revision since which they differ without a break."""
    places = sorted({place for one in timelines for place, _ in one.states.get(key, ())})
    since = places[-1]
    for place in reversed(places):
        states = [one.at(key, place) for one in timelines]
        if name:
            values: list[Any] = [None if state is None else state.get(name) for state in states]
        else:
            values = [state is not None for state in states]
        if not differ(values):
            break
        since = place
    return since


def _without_parts(found: Sequence[Divergence]) -> list[Divergence]:
    """Leave out what is absent because the schema, table or view is that it is part of."""
    owners = [one for one in found if not one.name and one.key.startswith(_OWNERS)]
    kept = []
    parts: dict[str, int] = {}
    for one in found:
        owner = None if one.name else next((two for two in owners if _part(one, two)), None)
        if owner is None:
            kept.append(one)
        else:
            parts[owner.key] = parts.get(owner.key, 0) + 1
    return [replace(one, parts=0 if one.name else parts.get(one.key, 0)) for one in kept]


def _part(one: Divergence, owner: Divergence) -> bool:
    kind = next(kind for kind in _OWNERS if owner.key.startswith(kind))
    name = owner.key.removeprefix(kind)
    return one.values == owner.values and f" {name}." in one.key


def _accept(one: Divergence, entries: Sequence[Exempt], majors: Mapping[str, int]) -> Divergence:
    reasons = [entry.reason for entry in entries if _matches(entry, one, majors)]
    return replace(one, reason=reasons[0]) if reasons else one


def _matches(entry: Exempt, one: Divergence, majors: Mapping[str, int]) -> bool:
    """Tell whether an entry is about a divergence that is none without the majors that it names."""
    if not (
        entry.revision in {None, one.revision}
        and entry.object in {None, one.key}
        and entry.code in {None, CODE}
    ):
        return False
    others = [given for label, given in one.values.items() if majors[label] not in entry.postgres]
    return not differ(others)
