"""Lines that break between words, and columns that fit a terminal."""

from __future__ import annotations

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from dbtasks.pictures.cells import cells
from dbtasks.pictures.columns import aligned, breaks

WORDS = st.lists(st.text(st.sampled_from("ab日é,;("), min_size=1, max_size=12), max_size=12)


def broken(line: str, width: int, indent: int = 2) -> list[str]:
    places = [0, *breaks(line, width, indent), len(line)]
    return [line[start:end].rstrip() for start, end in pairwise(places)]


def test_a_line_breaks_between_words() -> None:
    assert broken("one two three", 7) == ["one two", "three"]
    assert broken("  one two three", 9) == ["  one two", "three"]
    assert broken("一二 三四", 5, 0) == ["一二", "三四"]
    assert broken("short", 80) == ["short"]
    assert broken("", 80) == [""]


def test_a_word_that_has_no_room_stays_whole() -> None:
    assert broken("see postgresql://shop@127.0.0.1/shop now", 12) == [
        "see postgresql://shop@127.0.0.1/shop",
        "now",
    ]


def test_a_command_breaks_only_where_it_is_longer_than_a_line() -> None:
    text = "remedy: give it up, or docker rm --force shop-1, then run this again"
    assert broken(text, 30) == [
        "remedy: give it up, or",
        "docker rm --force shop-1,",
        "then run this again",
    ]
    assert broken(text, 16) == [
        "remedy: give it",
        "up, or docker",
        "rm --force",
        "shop-1, then",
        "run this again",
    ]


def test_a_command_ends_where_prose_goes_on() -> None:
    text = "invoke db.rebase puts your branch behind the other"
    assert broken(text, 30) == ["invoke db.rebase puts your", "branch behind the other"]


def test_the_widest_columns_make_room() -> None:
    rows = [("setting", "value", "from"), ("image", "postgres:{version}", "the environment of CI")]
    assert list(aligned(rows, 40)) == [
        ["setting  value               from"],
        ["image    postgres:{version}  the", " " * 29 + "environment", " " * 29 + "of CI"],
    ]
    assert list(aligned(rows)) == [
        ["setting  value               from"],
        ["image    postgres:{version}  the environment of CI"],
    ]


@given(WORDS, st.integers(1, 40), st.integers(0, 4))
def test_nothing_is_lost_and_only_long_words_stick_out(
    words: list[str], width: int, indent: int
) -> None:
    lines = broken(" ".join(words), width, indent)
    assert " ".join(lines).split() == words
    for number, line in enumerate(lines):
        room = width - indent if number else width
        assert cells(line) <= room or any(cells(word) > width - indent for word in words)


@given(st.lists(st.tuples(*[WORDS.map(" ".join)] * 3), min_size=1, max_size=4), st.integers(9, 60))
def test_columns_have_no_blanks_at_their_ends(rows: list[tuple[str, ...]], width: int) -> None:
    lines = [line for row in aligned(rows, width) for line in row]
    assert all(line == line.rstrip() for line in lines)
    longest = [max(len(word) for word in cell.split() or [""]) for row in rows for cell in row]
    if 2 * 2 * max(longest) * 3 + 4 <= width:
        assert all(cells(line) <= width for line in lines)
