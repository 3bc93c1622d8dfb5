"""Changes of enum values, as statements and as sentences."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dbtasks.drift.enum_change import ChangeEnumOp, EnumType, additions, literal, with_added
from dbtasks.drift.server_defaults import literal_value

VALUES = st.lists(st.sampled_from("abcdef"), unique=True)


@pytest.mark.parametrize(
    ("old", "new", "places"),
    [
        ("ab", "abc", [("c", "")]),
        ("ab", "abcd", [("c", ""), ("d", "")]),
        ("ab", "xab", [("x", " BEFORE 'a'")]),
        ("ab", "axyb", [("x", " AFTER 'a'"), ("y", " AFTER 'x'")]),
        ("", "ab", [("a", ""), ("b", "")]),
        ("ab", "ba", None),
        ("ab", "a", None),
        ("ab", "ac", None),
    ],
)
def test_additions(old: str, new: str, places: list[tuple[str, str]] | None) -> None:
    assert additions(old, new) == places


@given(VALUES, VALUES)
def test_what_is_added_keeps_the_old_order_and_loses_nothing(
    old: list[str], new: list[str]
) -> None:
    union = with_added(old, new)
    assert sorted(union) == sorted({*old, *new})
    assert [value for value in union if value in old] == old


@given(VALUES, VALUES)
def test_a_change_back_is_the_change_reversed(old: list[str], new: list[str]) -> None:
    change = ChangeEnumOp(EnumType(sql="e", old="e_old", old_name="e_old"), old, new)
    assert change.reverse().reverse().to_diff_tuple() == change.to_diff_tuple()


def test_literals_are_quoted_and_read_back() -> None:
    assert literal("it's: a \\ value") == "'it''s: a \\ value'"
    assert literal_value("'it''s'::the.type") == "it's"
    assert literal_value("'a'::character varying(4)") == "'a'::character varying(4)"
    assert literal_value("now()") == "now()"
