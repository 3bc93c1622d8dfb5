"""The SVG picture of a history: well-formed, complete, and what a browser makes of it."""

from __future__ import annotations

import itertools
import struct
import zlib
from dataclasses import replace
from typing import TYPE_CHECKING
from xml.etree import ElementTree

import pytest

from browser import DARK, LIGHT, show
from dbtasks.pictures import graph, svg
from drawn import any_history, chain, history

if TYPE_CHECKING:
    from pathlib import Path

    from dbtasks.results import Revision

SVG = "{http://www.w3.org/2000/svg}"
SHOP = history(
    """
    m < x y | Merge
    y < b | Add <b>bills</b> & "lines" 🚀
    x < b | Add x | d
    b < a
    a | Initial schema
    d | Bills | | billing
    """,
    current="b d",
)


def parse(revisions: tuple[Revision, ...]) -> ElementTree.Element:
    return ElementTree.fromstring(svg.draw(revisions))


def words(element: ElementTree.Element) -> list[str]:
    return ["".join(one.itertext()) for one in element.iter(f"{SVG}text")]


def test_every_revision_is_a_row_of_texts() -> None:
    root = parse(SHOP)
    rows = [one for one in root.iter(f"{SVG}g") if (one.get("class") or "").startswith("row")]
    date = "2026-03-14"
    assert [words(one) for one in rows] == [
        ["m", date, "head", "Merge"],
        ["y", date, 'Add <b>bills</b> & "lines" 🚀'],
        ["x", date, "Add xneeds d"],
        ["b", date, "current", "the b"],
        ["a", date, "Initial schema"],
        ["d", date, "head", "current", "billing", "Bills"],
    ]
    assert rows[1].findtext(f"{SVG}title") == (
        'y Add <b>bills</b> & "lines" 🚀\nmigrations/versions/y.py\n2026-03-14 15:09:26.535897\nfollows b'
    )
    assert words(root)[:2] == ["Migration history", "6 revisions · 2 heads · database at b, d"]


def test_it_says_what_it_shows_to_those_who_cannot_see_it() -> None:
    root = parse(SHOP)
    assert (root.get("role"), root.get("aria-label")) == ("img", "Migration history")
    assert root.findtext(f"{SVG}desc") == (
        "A graph of 6 revisions, newest first. Heads: m, d. The database is at: b, d."
    )


def test_it_needs_nothing_from_elsewhere() -> None:
    text = svg.draw(SHOP)
    assert text.count("http") == text.count("http://www.w3.org/2000/svg") == 1
    for foreign in ("<script", "href", "url(", "@import", "@font-face"):
        assert foreign not in text
    assert "@media (prefers-color-scheme: dark)" in text


def test_a_dependency_is_a_dotted_line() -> None:
    needs = [one for one in parse(SHOP).iter(f"{SVG}path") if one.get("class") == "needs"]
    assert [one.findtext(f"{SVG}title") for one in needs] == ["x needs d"]


def test_characters_that_xml_forbids_are_left_out() -> None:
    (one,) = history("a")
    root = parse((replace(one, message="a\x00\x1b\ufffe\ud800]]>b", path="a\x01/&b"),))
    assert words(root)[-1] == "a]]>b"


@pytest.mark.parametrize("revisions", [(), chain(1), chain(300)], ids=["none", "one", "300"])
def test_any_length(revisions: tuple[Revision, ...]) -> None:
    root = parse(revisions)
    assert len(list(root.iter(f"{SVG}circle"))) == len(revisions)
    assert float(root.get("height") or 0) >= 30 * len(revisions)


@pytest.mark.parametrize("seed", range(40))
def test_every_edge_is_a_line_that_ends_at_its_parent(seed: int) -> None:
    revisions = any_history(seed)
    rows = graph.layout(revisions)
    nodes = {(place, row.lane): row.revision.revision for place, row in enumerate(rows)}
    lines = list(svg.edges(rows))
    assert all(line[0] in nodes and len(line) > 1 for line in lines)
    found = {(nodes[line[0]], _end(line, lines, nodes)) for line in lines}
    assert found == {(one.revision, parent) for one in revisions for parent in one.down_revision}
    assert len(lines) == len(found)


def _end(line: list[svg.Point], lines: list[list[svg.Point]], nodes: dict[svg.Point, str]) -> str:
    """Follow a line, and the one that it runs into, to a revision."""
    while line[-1] not in nodes:
        row, lane = line[-1]
        line = next(
            other
            for other in lines
            if other is not line
            for (above, at), (below, _) in itertools.pairwise(other)
            if (at == lane and above <= row < below) or ((row, lane) in other[1:-1])
        )
    return nodes[line[-1]]


def screenshot(chromium: str, picture: Path, scheme: int) -> tuple[set[bytes], bytes]:
    """Return the colours of what the browser shows, and the one in the corner."""
    shot = picture.with_name(f"{scheme}.png")
    show(chromium, picture, "--window-size=600,300", f"--screenshot={shot}", scheme=scheme)
    pixels = png(shot.read_bytes())
    return set(pixels), pixels[0]


def png(data: bytes) -> list[bytes]:
    """Return the pixels of a PNG file of 8 bits and 3 or 4 channels."""
    assert data.startswith(b"\x89PNG\r\n\x1a\n")
    width, height, bits, kind = struct.unpack(">IIBB", data[16:26])
    size = {2: 3, 6: 4}[kind]
    assert bits == 8
    packed, at = b"", 8
    while at < len(data):
        length, name = struct.unpack(">I4s", data[at : at + 8])
        packed += data[at + 8 : at + 8 + length] if name == b"IDAT" else b""
        at += length + 12
    raw, above, pixels = zlib.decompress(packed), bytearray(width * size), list[bytes]()
    for row in range(height):
        start = row * (width * size + 1)
        line = bytearray(raw[start + 1 : start + 1 + width * size])
        for i in range(len(line)):
            left, corner = (line[i - size], above[i - size]) if i >= size else (0, 0)
            up = above[i]
            paeth = min((left, up, corner), key=lambda one: abs(left + up - corner - one))
            line[i] = (line[i] + (0, left, up, (left + up) // 2, paeth)[raw[start]]) & 255
        pixels += [bytes(line[i : i + 3]) for i in range(0, len(line), size)]
        above = line
    return pixels


def test_a_browser_shows_it_in_light_and_in_dark(chromium: str, tmp_path: Path) -> None:
    picture = tmp_path / "history.svg"
    picture.write_text(svg.draw(SHOP), encoding="utf-8")
    light, paper = screenshot(chromium, picture, LIGHT)
    dark, night = screenshot(chromium, picture, DARK)
    assert (paper.hex(), night.hex()) == ("ffffff", "0d1117")
    for colours, lanes in (
        (light, ("0969da", "bc4c00", "1a7f37")),
        (dark, ("58a6ff", "f0883e", "3fb950")),
    ):
        assert {bytes.fromhex(one) for one in lanes} <= colours
        assert len(colours) > 50
