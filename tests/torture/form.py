"""The short form of the kill tests, for every run of the suite, and the full one; both drawn from a seed."""

from __future__ import annotations

import os
import random
from dataclasses import dataclass
from typing import TYPE_CHECKING

from torture.victim import Fate, Moment

if TYPE_CHECKING:
    from collections.abc import Sequence

    from torture.cases import Case

LONG = os.environ.get("DBTASKS_TORTURE") == "1"
SEED = os.environ.get("TORTURE_SEED", "5")
KILLS = int(os.environ.get("TORTURE_KILLS", "120" if LONG else "12"))
# Each costs a command, the next one and what leads there: all take an hour and more on two cores.
STEPS = os.environ.get("TORTURE_STEPS", "all")
# The clean run is the first one, which takes a little longer.
_SOONER = 0.9
# Those of the short form: two moments each.
_SHORT = (
    ("init", "local"),
    ("init", "docker"),
    ("migrate-per-revision", "local"),
    ("migrate-one-transaction", "local"),
    ("template", "local"),
    ("rebase-migrate", "local"),
)


@dataclass(frozen=True, kw_only=True)
class Kill:
    """A kill that is to be: `fraction` of the run has passed by then."""

    case: Case
    kind: str
    number: int
    fraction: float
    by_effect: bool
    group: bool
    look: bool

    def __str__(self) -> str:
        return f"{self.case.name}-{self.kind}-{self.number}"

    def moment(self, clean: Fate) -> Moment:
        """Return the moment, in a run that would be as the clean one."""
        if self.by_effect and clean.effects:
            return Moment(effect=1 + int(self.fraction * clean.effects), group=self.group)
        return Moment(seconds=self.fraction * clean.seconds * _SOONER, group=self.group)


def planned(cases: Sequence[Case]) -> list[Kill]:
    """Return the kills of this form, spread evenly over the cases, and within a case over its run."""
    places = [(case, kind) for case in cases for kind in case.kinds]
    if not LONG:
        places = [one for one in places if (one[0].name, one[1]) in _SHORT]
    each = -(-KILLS // len(places))
    return [_drawn(case, kind, number, each) for case, kind in places for number in range(each)]


def steps(case: Case, kind: str, count: int) -> list[tuple[int, random.Random]]:
    """Return the steps of a case after which to kill, of `count`: TORTURE_STEPS drawn evenly, or all.

    Each has its own source of what else is drawn, so that a step is the same in every form.
    """
    wanted = count if STEPS == "all" else min(int(STEPS), count)
    rng = random.Random(f"{SEED} {case.name} {kind}")
    drawn = [1 + int((number + rng.random()) / wanted * count) for number in range(wanted)]
    lines = range(1, count + 1) if wanted == count else drawn
    return [(line, random.Random(f"{SEED} {case.name} {kind} {line}")) for line in lines]


def _drawn(case: Case, kind: str, number: int, count: int) -> Kill:
    rng = random.Random(f"{SEED} {case.name} {kind} {number}")
    return Kill(
        case=case,
        kind=kind,
        number=number,
        fraction=(number + rng.random()) / count,
        by_effect=rng.random() < 0.5,
        group=rng.random() < 0.5,
        look=rng.random() < 0.5,
    )
