"""Kills, one after the other, in labs that are made once."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from torture.lab import Lab
from torture.victim import Fate, Moment, run

if TYPE_CHECKING:
    import pytest

    from torture.cases import Case


@dataclass
class Clean:
    """What a command does when nobody kills it, and what is there afterwards."""

    fate: Fate
    left: set[str]


@dataclass
class Bench:
    """The labs of one kind of server, and the clean runs in them."""

    folder: pytest.TempPathFactory
    image: str
    labs: dict[tuple[str, str], Lab] = field(default_factory=dict)
    clean: dict[tuple[str, str], Clean] = field(default_factory=dict)

    def lab(self, case: Case, kind: str) -> Lab:
        """Return the lab of a case."""
        key = kind, case.flavour
        if key not in self.labs:
            place = self.folder.mktemp(f"{kind}-{case.flavour}") / "lab"
            self.labs[key] = Lab.make(place, kind, case.flavour, self.image)
            self.labs[key].learn()
        return self.labs[key]

    def clean_run(self, case: Case, kind: str) -> Clean:
        """Return what the command does alone, found out once."""
        if (case.name, kind) not in self.clean:
            lab = self.lab(case, kind)
            case.begin(lab)
            fate = run(lab.project, case.argv)
            assert fate.code == 0, fate
            case.follow(lab)
            case.end(lab)
            self.clean[case.name, kind] = Clean(fate, lab.inventory(fate.pid))
        return self.clean[case.name, kind]


def kill(bench: Bench, case: Case, kind: str, moment: Moment, *, look: bool) -> Fate:
    """Kill a command, run the next one, and check what there is then."""
    clean, lab = bench.clean_run(case, kind), bench.lab(case, kind)
    case.begin(lab)
    fate = run(lab.project, case.argv, moment)
    assert fate.killed or fate.code == 0, fate
    if look and case.looks and fate.killed:
        url = lab.settled()
        if url is not None and lab.has_data(url):
            lab.check_state(url)
            lab.check_data(url)
    case.follow(lab)
    case.end(lab)
    if not lab.is_left(clean.left, fate.pid):
        # A server ends the statement of a killed client, CREATE DATABASE too, maybe after the next command looked.
        case.follow(lab)
    lab.check_left(clean.left, fate.pid)
    return fate
