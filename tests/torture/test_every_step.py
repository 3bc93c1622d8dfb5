"""SIGKILL of the client after lines of progress that a command tells, or each; a part of the full form."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from torture import form
from torture.bench import Bench, kill
from torture.cases import CASES, Case
from torture.victim import Moment

if TYPE_CHECKING:
    from collections.abc import Callable


@pytest.mark.parametrize("kind", ["local", "docker"])
@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_after_every_step(
    case: Case,
    kind: str,
    bench: Bench,
    request: pytest.FixtureRequest,
    record_property: Callable[[str, object], None],
) -> None:
    if kind == "docker":
        request.getfixturevalue("docker_engine")
    for line, rng in form.steps(case, kind, len(bench.clean_run(case, kind).fate.lines)):
        moment = Moment(line=line, group=rng.random() < 0.5)
        fate = kill(bench, case, kind, moment, look=rng.random() < 0.5)
        record_property("torture", (f"{case.name} on {kind}", str(moment), fate.killed))
