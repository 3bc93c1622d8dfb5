"""Schemas at head compared across majors: what differs, since when, and what is excused."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from dbtasks.matrix.across import compare
from dbtasks.matrix.cells import Cell, RevisionChanges
from drawn import history
from matrices import Known, faulty, passing

HISTORY = tuple(reversed(history("c < b\nb < a\na")))
Objects = dict[str, dict[str, Any] | None]


def cell(major: int, *changes: Objects, before: Objects | None = None, **values: Any) -> Cell:
    """Return a cell that recorded what the revisions a, b and c changed, as far as given."""
    recorded = [
        RevisionChanges(revision=one.revision, objects=objects)
        for one, objects in zip(HISTORY, changes, strict=False)
    ]
    if before is not None:
        recorded.append(RevisionChanges(revision="", objects=before))
    given = {"name": f"pg{major}", "outcome": "passed", "history": HISTORY, **values}
    return Cell(postgres=major, changes=tuple(recorded), **given)


def messages(*cells: Cell) -> list[str]:
    return [one.message for one in compare(cells).divergences]


NOTE = "column public.note.title"


def test_the_same_schema() -> None:
    cells = [cell(major, {NOTE: {"type": "text"}}, {}, {}) for major in (14, 18)]
    found = compare(cells)
    assert (found.compared, dict(found.left_out), found.divergences) == (("14", "18"), {}, ())


def test_a_property_that_differs_and_the_revision_that_introduced_it() -> None:
    cells = [
        cell(
            major,
            {NOTE: {"type": "text", "comment": None}},
            {NOTE: {"type": "text", "default": default}},
            {"table public.later": {}},
        )
        for major, default in ((14, "'x'::text"), (15, "'x'::text"), (18, "'x'"))
    ]
    (found,) = compare(cells).divergences
    assert (found.code, found.key, found.name, found.revision) == (
        "differs-across-versions",
        NOTE,
        "default",
        "b",
    )
    assert found.values == {"14": "'x'::text", "15": "'x'::text", "18": "'x'"}
    assert found.message == (
        "column public.note.title: default is 'x'::text on PostgreSQL 14 and 15 and 'x' on 18,"
        " since revision b"
    )
    assert found.remedy == (
        "let revision b spell out what the majors read differently, or accept it in"
        ' proof_exceptions.toml with proof = "across-versions", revision = "b",'
        " object = 'column public.note.title' and a reason"
    )
    assert found.details == ("PostgreSQL 14 and 15: 'x'::text", "PostgreSQL 18: 'x'")


def test_what_differed_for_a_while_is_no_difference() -> None:
    other: Objects = {NOTE: {"type": "citext"}}
    same: Objects = {NOTE: {"type": "text"}}
    assert messages(cell(14, same, {}, {}), cell(15, other, same, {})) == []
    assert messages(cell(14, same, {NOTE: None}, {}), cell(15, other, {NOTE: None}, {})) == []


def test_what_differs_again_does_since_the_last_time() -> None:
    other: Objects = {NOTE: {"type": "citext"}}
    same: Objects = {NOTE: {"type": "text"}}
    assert messages(cell(14, same, same, same), cell(15, other, same, other)) == [
        "column public.note.title: type is text on PostgreSQL 14 and citext on 15, since revision c"
    ]


def test_equal_to_python_is_not_equal() -> None:
    assert messages(cell(14, {NOTE: {"x": 1}}, {}, {}), cell(15, {NOTE: {"x": True}}, {}, {})) == [
        "column public.note.title: x is 1 on PostgreSQL 14 and true on 15, since revision a"
    ]
    nothing = cell(14, {NOTE: {"x": None}}, {}, {}), cell(15, {NOTE: {}}, {}, {})
    assert messages(*nothing) == []
    ordered: list[Objects] = [{NOTE: {"x": {"a": 1, "b": 2}}}, {NOTE: {"x": {"b": 2, "a": 1}}}]
    assert messages(cell(14, ordered[0], {}, {}), cell(15, ordered[1], {}, {})) == []


def test_an_object_that_is_not_everywhere_takes_its_parts_along() -> None:
    table: Objects = {
        "table public.note": {},
        "column public.note.id": {},
        "constraint public.note.ck": {},
        "index public.note_ix": {},
        "table public.notebook": {"owner": "o"},
    }
    book: Objects = {"table public.notebook": {"owner": "o"}}
    cells = [cell(14, {}, book, {}), cell(17, {}, table, {}), cell(18, {}, table, {NOTE: {}})]
    assert messages(*cells) == [
        "index public.note_ix is there on PostgreSQL 17 and 18 and not on 14, since revision b",
        "table public.note, with 2 parts, is there on PostgreSQL 17 and 18 and not on 14, since revision b",
        "column public.note.title is there on PostgreSQL 18 and not on 14 and 17, since revision c",
    ]


def test_values_that_are_long_are_details() -> None:
    bodies = {major: f"CREATE FUNCTION f()\n  SELECT {major}" for major in (14, 15, 16)}
    cells = [cell(major, {"function f()": {"body": bodies[major]}}, {}, {}) for major in bodies]
    (found,) = compare(cells).divergences
    assert found.message == (
        "function f(): body is one on PostgreSQL 14 and another on 15 and another on 16,"
        " since revision a"
    )
    assert found.details[2] == "PostgreSQL 16: CREATE FUNCTION f()\n  SELECT 16"


def test_what_differs_before_the_first_revision() -> None:
    cells = [
        cell(major, {}, {}, {}, before={"extension citext": {"schema": schema}})
        for major, schema in ((14, "public"), (15, ""))
    ]
    (found,) = compare(cells).divergences
    assert (found.revision, found.message) == (
        "base",
        "extension citext: schema is public on PostgreSQL 14 and empty on 15, before the first revision",
    )
    assert found.remedy.startswith("let setup_sql spell out what the majors read differently, or")


def test_cells_that_did_not_come_to_head_are_left_out() -> None:
    found = compare(
        [
            cell(14, {NOTE: {}}, {}, {}),
            cell(15, {}, outcome="failed"),
            cell(16, outcome="failed"),
            Cell(name="pg17", postgres=17, outcome="skipped"),
            cell(18, {NOTE: {}}, {}, {}, outcome="failed"),
        ]
    )
    assert found.compared == ("14", "18")
    assert found.left_out == {
        "15": "it has no record of what revision b changes",
        "16": "it has no record of what its revisions change",
        "17": "it is skipped",
    }
    assert found.divergences == ()


def test_a_cell_of_another_history_is_left_out() -> None:
    found = compare([passing(14, 30), passing(15, 29), passing(16, 30)])
    assert found.compared == ("14", "16")
    assert found.left_out == {"15": "its history is another one"}


def test_cells_of_one_major_go_by_their_names() -> None:
    cells = [
        cell(17, {NOTE: {"type": kind}}, {}, {}, name=f"pg17-{kind}") for kind in ("text", "citext")
    ]
    assert messages(*cells) == [
        "column public.note.title: type is text on PostgreSQL pg17-text and citext on pg17-citext, since revision a"
    ]


@pytest.mark.parametrize(
    ("entry", "fits"),
    [
        (Known(revision="b"), True),
        (Known(revision="b", object=NOTE, code="differs-across-versions"), True),
        (Known(revision="b", postgres=(18,)), True),
        (Known(revision="b", postgres=(14,)), False),
        (Known(revision="a"), False),
        (Known(revision="b", object="table public.note"), False),
        (Known(revision="b", code="left-over"), False),
    ],
)
def test_an_accepted_difference(entry: Known, fits: bool) -> None:
    cells = [
        cell(major, {}, {NOTE: {"type": kind}}, {})
        for major, kind in ((14, "text"), (15, "text"), (18, "citext"))
    ]
    found = compare(cells, accepted=(Known(proof="rows", revision="b"), entry))
    assert [one.reason for one in found.divergences] == ["as agreed" if fits else ""]
    assert found.stale == (() if fits else (entry,))


def test_an_exception_is_not_stale_while_a_cell_is_not_compared() -> None:
    cells = [cell(14, {}, {}, {}), cell(15, {}, {}, {})]
    assert compare(cells, accepted=[Known(revision="b")]).stale == (Known(revision="b"),)
    cells.append(Cell(name="pg18", postgres=18, outcome="skipped"))
    assert compare(cells, accepted=[Known(revision="b")]).stale == ()
    assert compare(cells[:1], accepted=[Known(revision="b")]).stale == ()


def test_the_order_in_the_file_does_not_matter() -> None:
    one = passing(14, 300)
    other = replace(passing(15, 300), changes=tuple(reversed(one.changes)))
    assert messages(one, other) == []


def test_the_sample_has_differences_of_each_kind() -> None:
    found = compare(faulty()).divergences
    assert [(one.key, one.name) for one in found] == [
        ("constraint public.payment.amount_is_positive", "definition"),
        ("extension pg_walinspect", ""),
        ("function public.stamp()", "definition"),
    ]
