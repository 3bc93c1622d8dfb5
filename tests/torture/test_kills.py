"""SIGKILL of the client at any moment: the next command ends well, nothing is lost, nothing is left."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from torture import form
from torture.bench import Bench, kill
from torture.cases import CASES

if TYPE_CHECKING:
    from collections.abc import Callable


@pytest.mark.parametrize("planned", form.planned(CASES), ids=str)
def test_at_any_moment(
    planned: form.Kill,
    bench: Bench,
    request: pytest.FixtureRequest,
    record_property: Callable[[str, object], None],
) -> None:
    if planned.kind == "docker":
        request.getfixturevalue("docker_engine")
    clean = bench.clean_run(planned.case, planned.kind)
    moment = planned.moment(clean.fate)
    fate = kill(bench, planned.case, planned.kind, moment, look=planned.look)
    what = f"{planned.case.name} on {planned.kind}"
    record_property("torture", (what, str(moment), fate.killed))
