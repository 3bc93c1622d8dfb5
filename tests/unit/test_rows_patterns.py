"""Texts that patterns match, and values that CHECKs speak of."""

from __future__ import annotations

import re

import pytest

from dbtasks.rows.checks import breaks, mined, tight
from dbtasks.rows.patterns import like, matching

PATTERNS = [
    r"^[A-Z]{3}-\d{4}$",
    r"^[a-z0-9._%+-]+@[a-z0-9.-]+\.[a-z]{2,}$",
    r"^(?:GET|POST) /\w*$",
    r"^\+?[1-9]\d{1,14}$",
    r"^#([0-9a-f]{6}|[0-9a-f]{3})$",
    r"^[^@\s]+@[^@]+$",
    r"^(a|(b|c)d)*e\.$",
    r"^\[.\]{2}$",
    r"^[]x]$",
    r"^a{2,}?b??$",
]


@pytest.mark.parametrize("pattern", PATTERNS)
@pytest.mark.parametrize("end", [0, -1])
def test_a_text_matches_the_pattern_it_was_made_from(pattern: str, end: int) -> None:
    assert re.search(pattern, matching(pattern, end))


@pytest.mark.parametrize(
    "pattern", ["(", "[", "[[:alpha:]", "\\", "a)b", "*", "", "{2}", "[^", "|"]
)
def test_a_broken_pattern_breaks_nothing(pattern: str) -> None:
    assert isinstance(matching(pattern), str)


def test_like() -> None:
    assert like("%@_.%") == "a@a.a"
    assert like("%@_.%", -1) == "z@z.z"
    assert like(r"100\%\_") == "100%_"


@pytest.mark.parametrize(
    ("definition", "category", "expected"),
    [
        ("CHECK ((price >= 0))", "N", ("0", "1", "-1")),
        ("CHECK ((price <= 9.5))", "N", ("9.5",)),
        ("CHECK ((a > '-5'::integer))", "N", ("-5", "-4", "-6")),
        ("CHECK ((s = ANY (ARRAY['a'::text, 'it''s'::text])))", "S", ("a", "it's")),
        (
            "CHECK ((char_length(s) = 2))",
            "S",
            ("üü", "aa", "11", "üüü", "aaa", "111", "ü", "a", "1"),
        ),
        ("CHECK (((s)::text ~~ '%@%'::text))", "S", ("a@a", "z@z")),
        ("CHECK ((s ~ '^\\d$'::text))", "S", ("0", "9")),
        ("CHECK ((b = true))", "B", ("true",)),
        ("FOR VALUES IN ('de', 'fr')", "S", ("de", "fr")),
    ],
)
def test_what_a_definition_speaks_of(
    definition: str, category: str, expected: tuple[str, ...]
) -> None:
    assert mined(definition, category) == expected


def test_few_values_fit_a_list_or_a_pattern_many_a_comparison() -> None:
    assert tight("CHECK ((s = ANY (ARRAY['a'::text])))")
    assert tight("CHECK ((s ~ 'a'::text))")
    assert not tight("CHECK ((price >= 0))")


def test_a_number_on_the_wrong_side() -> None:
    check = "CHECK (((a >= 10) AND ((a)::numeric < '20.5'::numeric)))"
    assert [breaks(check, one) for one in ("9", "10", "20", "20.5")] == [True, False, False, True]
