"""The railroad of a history: whole pictures, and no edge lost in any of them."""

from __future__ import annotations

import random
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from dbtasks.pictures import graph
from dbtasks.pictures.cells import cells
from drawn import any_history, chain, history

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dbtasks.results import Revision

PICTURES = {
    "linear": (
        history("c < b | Add orders\nb < a | Add people\na | Initial schema", current="b"),
        """
○ c (head) Add orders
● b (current) Add people
○ a Initial schema
""",
    ),
    "a branch that was merged": (
        history("d < m\nm < x y | Merge\ny < b\nx < b\nb < a\na"),
        """
○ d (head) the d
○ m Merge
├─╮
│ ○ y the y
○ │ x the x
├─╯
○ b the b
○ a the a
""",
    ),
    "two heads": (
        history("d < c\nc < b\nf < e\ne < b\nb < a\na", current="d"),
        """
● d (head) (current) the d
○ c the c
│ ○ f (head) the f
│ ○ e the e
├─╯
○ b the b
○ a the a
""",
    ),
    "many heads from one parent share its lane": (
        history("z < a\ny < a\nx < a\nw < a\na"),
        """
○ z (head) the z
│ ○ y (head) the y
├─╯
│ ○ x (head) the x
├─╯
│ ○ w (head) the w
├─╯
○ a the a
""",
    ),
    "three-way merge": (
        history("m < x y z\nx < b\ny < b\nz < b\nb"),
        """
○ m (head) the m
├─┬─╮
○ │ │ x the x
│ ○ │ y the y
├─╯ │
│   ○ z the z
├───╯
○ b the b
""",
    ),
    "criss-cross merges": (
        history("n < a b\nm < a b\na < r\nb < r\nr"),
        """
○ n (head) the n
├─╮
│ │ ○ m (head) the m
├─┼─╯
○ │ a the a
│ ○ b the b
├─╯
○ r the r
""",
    ),
    "a lane that is passed by is no junction": (
        history("h < b\nf < e\ng < b\nb < a\ne < a\na"),
        """
○ h (head) the h
│ ○ f (head) the f
│ │ ○ g (head) the g
├─│─╯
○ │ b the b
│ ○ e the e
├─╯
○ a the a
""",
    ),
    "the lane of a parent moves to the left": (
        history("m < x y\ny < b\nx < b\nb\n", current="y"),
        """
○ m (head) the m
├─╮
│ ● y (current) the y
○ │ x the x
├─╯
○ b the b
""",
    ),
    "several bases": (
        history("b < a\na\ny < x\nx\nv"),
        """
○ b (head) the b
○ a the a

○ y (head) the y
○ x the x

○ v (head) the v
""",
    ),
    "a base among lanes": (
        history("m < x y\ny\nz\nx"),
        """
○ m (head) the m
├─╮
│ ○ y the y
│
│ ○ z (head) the z
○ x the x
""",
    ),
    "depends_on and labels": (
        history("c < b | Rename | y\nb < a\na | Shop | | shop core\ny | Billing | gone | billing"),
        """
○ c (head) Rename (needs y)
○ b the b
○ a [shop] [core] Shop

○ y (head) [billing] Billing (needs gone)
""",
    ),
    "parents outside of the range": (
        history("m < x y | Merge\nx < a"),
        """
○ m (head) Merge (parent y not shown)
○ x the x (parent a not shown)
""",
    ),
    "nothing": ((), "\n\n"),
}


@pytest.mark.parametrize("name", PICTURES)
def test_picture(name: str) -> None:
    revisions, picture = PICTURES[name]
    assert graph.text(revisions) == picture[1:-1]


@pytest.mark.parametrize("encoding", ["ascii", "cp437", "latin-1", "no-such-encoding"])
def test_without_box_characters_the_picture_is_ascii(encoding: str) -> None:
    revisions = history("n < a b\nm < a b\na < r\nb < r | Größe ✓\nr", current="r")
    if encoding == "no-such-encoding":
        encoding = "ascii"
    message = {"ascii": "Gr??e ?", "cp437": "Größe ?", "latin-1": "Größe ?"}[encoding]
    picture = f"""
* n (head) the n
+-.
| | * m (head) the m
+-+-'
* | a the a
| * b {message}
+-'
@ r (current) the r
"""
    assert graph.text(revisions, encoding=encoding) == picture[1:-1]


def test_long_messages_are_cut_before_anything_else() -> None:
    words = "tell cancelled orders from orders that were never paid, with a backfill in batches"
    long = "0123456789abcdef0123456789abcdef01234567"
    revisions = history(f"{long} < 1f2e | {words} | y1 y2 y3 y4 y5\n1f2e | {words} | | billing")
    for width, encoding, picture in (
        (
            80,
            "utf-8",
            """
○ 0123456789abcdef0123456789abcdef0123… (head) tell cancelled ord… (needs y1, y…
○ 1f2e [billing] tell cancelled orders from orders that were never paid, with a…
""",
        ),
        (
            40,
            "utf-8",
            """
○ 0123456789a… (head) tel… (needs y1, y…
○ 1f2e [billing] tell cancelled orders…
""",
        ),
        (
            30,
            "ascii",
            """
* 012345678... (head) (need...
* 1f2e [billing] tell cance...
""",
        ),
    ):
        assert graph.text(revisions, width=width, encoding=encoding) == picture[1:-1]


def test_markup_stays_as_it_is_and_control_characters_go() -> None:
    revisions = history("a | x")
    for message, shown in (
        ("[bold]a[/bold] <b> & \"q\" 'q'", "[bold]a[/bold] <b> & \"q\" 'q'"),
        ("rocket 🚀 日本", "rocket 🚀 日本"),
        ("two\nlines\tand \x1b[31mred\x07", "two lines and [31mred"),
        ("abc\u202edcba\ud800", "abcdcba"),
    ):
        given = [replace(revisions[0], message=message)]
        assert graph.text(given) == f"○ a (head) {shown}"


def test_every_piece_of_a_line_has_a_role() -> None:
    (line,) = graph.lines(history("c < b | Add orders | y | shop", current="c"))
    assert [(one.role, one.text) for one in line] == [
        ("current", "●"),
        ("revision", " c"),
        ("head", " (head)"),
        ("current", " (current)"),
        ("label", " [shop]"),
        ("message", " Add orders"),
        ("note", " (needs y)"),
        ("note", " (parent b not shown)"),
    ]


@pytest.mark.parametrize("seed", range(60))
def test_every_edge_is_in_the_layout(seed: int) -> None:
    revisions = any_history(seed)
    assert edges_of_rows(graph.layout(revisions)) == edges_of(revisions)


@pytest.mark.parametrize("encoding", ["utf-8", "ascii"])
@pytest.mark.parametrize("seed", range(60))
def test_every_edge_can_be_followed_in_the_picture(seed: int, encoding: str) -> None:
    revisions = any_history(seed)
    picture = graph.text(revisions, width=400, encoding=encoding)
    if encoding == "utf-8":
        assert followed(picture) == edges_of(revisions)
    else:
        boxes = graph.text(revisions, width=400)
        assert picture == boxes.translate(str.maketrans("○●│─├┤┼┬┴╭╮╰╯", "*@|-+++++..''"))


@pytest.mark.parametrize("width", [10, 24, 40, 80, 133])
@pytest.mark.parametrize("encoding", ["utf-8", "ascii"])
def test_no_line_is_wider_than_allowed(width: int, encoding: str) -> None:
    chance = random.Random(7)
    for seed in range(30):
        revisions = [
            replace(
                one,
                message="".join(chance.choices("ab <🚀日é\u0301\n", k=chance.randrange(120))),
                revision=one.revision,
                is_current=chance.random() < 0.2,
                branch_labels=tuple("billing" * chance.randrange(3) for _ in range(seed % 3)),
                depends_on=tuple("9f8e7d6c5b4a" for _ in range(chance.randrange(5))),
            )
            for one in any_history(seed, 60)
        ]
        for line in graph.lines(revisions, width=width, encoding=encoding):
            assert sum(cells(one.text) for one in line) <= width


def test_more_lanes_than_fit_are_drawn_as_more() -> None:
    names = [f"h{one}" for one in range(6)]
    revisions = history("\n".join([f"m < {' '.join(names)}", *names]))
    picture = """
○ m (head) the m
├─┬─┬─┬─…
○ │ │ │ … h0 the…
  ○ │ │ … h1 the…
    ○ │ … h2 the…
      ○ … h3 the…
        ○ h4 the…
        …
        ○ h5 the…
"""
    assert graph.text(revisions, width=18) == picture[1:-1]


def test_twenty_lanes_fit_into_eighty_columns() -> None:
    names = [f"head{one:02}" for one in range(20)]
    lines = [*(f"{one} < {one}p" for one in names), *(f"{one}p < base" for one in names), "base"]
    picture = graph.text(history("\n".join(lines))).splitlines()
    assert picture[19] == "│ " * 19 + "○ head19 (head) the head19"
    assert picture[20] == "○ " + "│ " * 19 + "head00p the head00p"
    assert "…" not in "".join(picture)


def test_a_long_history_is_a_list() -> None:
    picture = graph.text(chain(5000)).splitlines()
    assert len(picture) == 5000
    assert picture[0] == "○ 05000 (head) the 05000"
    assert picture[-1] == "○ 00001 the 00001"


def test_thousands_of_heads_on_one_revision_take_two_lanes() -> None:
    star = history("\n".join([*(f"h{one} < r" for one in range(5000)), "r"]))
    assert {row.lane for row in graph.layout(star)} == {0, 1}


def edges_of(revisions: Sequence[Revision]) -> set[tuple[str, str]]:
    return {(one.revision, parent) for one in revisions for parent in one.down_revision}


def edges_of_rows(rows: Sequence[graph.Row]) -> set[tuple[str, str]]:
    """Walk down the lanes: what children does a revision have that is found at the end of one?"""
    waiting: dict[int, tuple[str, set[str]]] = {}
    found = set()
    for row in rows:
        name = row.revision.revision
        parent, children = waiting.pop(row.lane, (name, set()))
        assert parent == name, "a lane leads to another revision"
        found |= {(child, name) for child in children}
        if row.moved is not None:
            assert row.lane not in waiting
            waiting[row.lane] = waiting.pop(row.moved)
        for parent, lane in row.edges:
            led, children = waiting.setdefault(lane, (parent, set()))
            assert led == parent, "two parents share a lane"
            children.add(name)
    assert not waiting, "a lane leads nowhere"
    return found


def followed(picture: str) -> set[tuple[str, str]]:
    """Return the edges that an eye finds that follows the lines down from every revision."""
    grid = picture.splitlines()
    found = set()
    for row, line in enumerate(grid):
        column = next((at for at, char in enumerate(line) if char in "○●"), None)
        if column is not None:
            child = line[column + 1 :].strip("│ ").split()[0]
            found |= {(child, parent) for parent in _parents(grid, row, column)}
    return found


def _parents(grid: list[str], row: int, column: int) -> set[str]:
    below = _at(grid, row + 1, column)
    if below in "├┤┼┬┴╭╮╰╯" and below != "":
        columns = {column} if below in "├┤┼" else set()
        for step, arms in ((1, "├┼╰┴╭┬"), (-1, "┤┼╯┴╮┬")):
            at = column
            while _at(grid, row + 1, at) in (arms if at == column else arms + "─│"):
                at += step
                char = _at(grid, row + 1, at)
                if char in "├┤┼┬╭╮":
                    columns.add(at)
                if char in "╯╰" or char == "" or (char in "├┤╭╮" and char not in arms):
                    break
        return {_down(grid, row + 2, at) for at in columns}
    return {_down(grid, row + 1, column)} if below in "│○●" and below != "" else set()


def _down(grid: list[str], row: int, column: int) -> str:
    """Go down until there is a revision; an end turns along its bar to where the lane goes on."""
    while (char := _at(grid, row, column)) not in "○●":
        if char == "╯":
            while _at(grid, row, column) not in "├╭":
                column -= 1
        assert char in "│├┤┼╯", f"line {row} has {char!r} in column {column}\n" + "\n".join(grid)
        row += 1
    return grid[row][column + 1 :].strip("│ ").split()[0]


def _at(grid: list[str], row: int, column: int) -> str:
    return grid[row][column : column + 1] if row < len(grid) and column >= 0 else ""
