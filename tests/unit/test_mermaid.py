"""The Mermaid flowchart of a history, and markup in it that must stay text."""

from __future__ import annotations

import re

import pytest

from dbtasks.pictures import mermaid
from drawn import any_history, history


def test_a_history_with_a_merge_and_a_dependency() -> None:
    revisions = history(
        """
        m < x y | Merge
        y < b | add y | billing
        x < b | add x
        b < gone | start
        d | bills | | billing
        """,
        current="m",
    )
    assert mermaid.flowchart(revisions) == (
        """\
flowchart BT
    r0["m (head) (current)<br/>Merge"]
    r1["y<br/>add y"]
    r2["x<br/>add x"]
    r3["b<br/>start"]
    r4["d (head) #91;billing#93;<br/>bills"]
    r2 --> r0
    r1 --> r0
    r3 --> r1
    r4 -. needed by .-> r1
    r3 --> r2
    m0["gone<br/>not shown"]
    m0 --> r3
    classDef head stroke:#2563eb,stroke-width:3px
    class r0,r4 head
    classDef current fill:#bbf7d0,color:#14532d
    class r0 current
    classDef missing stroke-dasharray:4 4
    class m0 missing
"""
    )


def test_an_empty_history_is_an_empty_flowchart() -> None:
    assert mermaid.flowchart(()) == "flowchart BT\n"


@pytest.mark.parametrize(
    ("message", "written"),
    [
        ('add "quotes" & <b>', "add #34;quotes#34; #38; #60;b#62;"),
        ("end; subgraph x --> y[1]", "end; subgraph x --#62; y#91;1#93;"),
        ("#35; is #", "#35;35; is #35;"),
        ("%%{init: {}}%%", "%%#123;init: #123;#125;#125;%%"),
        ("1. a list", "1#46; a list"),
        ("12) too", "12#41; too"),
        ("- too", "#45; too"),
        ("*a* _b_ `c` ~d~", "#42;a#42; #95;b#95; #96;c#96; #126;d#126;"),
        ("$$x$$", "#36;#8203;#36;x#36;#8203;#36;"),
        (r"back\nslash", "back#92;#8203;nslash"),
        ("fa:fa-car", "fa:#8203;fa-car"),
        ("emoji 🚀 and ünïcode 1.5", "emoji 🚀 and ünïcode 1.5"),
        ("two\nlines", "two lines"),
        ("long " * 20, f"{'long ' * 11}long…"),
    ],
)
def test_markup_stays_text(message: str, written: str) -> None:
    (one,) = history("a")
    text = mermaid.flowchart([type(one)(**{**vars(one), "message": message})])
    assert text.splitlines()[1] == f'    r0["a (head)<br/>{written}"]'


@pytest.mark.parametrize("seed", range(10))
def test_every_edge_is_an_arrow(seed: int) -> None:
    revisions = any_history(seed)
    text = mermaid.flowchart(revisions)
    names = dict(re.findall(r'(r\d+)\["(\w+)', text))
    arrows = {(names[to], names[of]) for of, to in re.findall(r"(r\d+) --> (r\d+)", text)}
    assert arrows == {(one.revision, p) for one in revisions for p in one.down_revision}
