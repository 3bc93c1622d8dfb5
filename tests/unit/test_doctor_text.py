"""A diagnosis for people."""

from __future__ import annotations

from dbtasks.doctor.finding import Diagnosis, Untold
from dbtasks.doctor.text import lines
from dbtasks.errors import ServerError


def shown(diagnosis: Diagnosis) -> list[str]:
    return ["".join(text for _, text in pieces) for pieces in lines(diagnosis, "db")]


def test_one_reason_for_several_things_is_told_once() -> None:
    error = ServerError("no Docker engine answers", remedy="start Docker")
    untold = (
        Untold.of("containers and volumes", error, note=True),
        Untold.of("seeds", error, note=True),
        Untold.of("the rows", ServerError("no table"), note=True),
    )

    assert shown(Diagnosis(findings=(), untold=untold)) == [
        "not told containers and volumes, seeds: no Docker engine answers",
        "  remedy: start Docker",
        "not told the rows: no table",
        "nothing found: all is well in the rest",
    ]


def test_nothing_found() -> None:
    assert shown(Diagnosis(findings=())) == ["nothing found: all is well"]
