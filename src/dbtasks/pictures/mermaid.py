"""A history as a Mermaid flowchart, for a README, a pull request or a wiki; pure."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from dbtasks.pictures.cells import clean, shorten

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from dbtasks.results import Revision

# What Markdown, HTML or Mermaid itself could take for markup is written as its number.
_MARKUP = re.compile(r"""["#$&<>@*_`~|^\\\[\]{}]|^[-+=]|(?<=\d)[.)](?=\s|$)|\u200b""")
# KaTeX, line breaks and icons are looked for once the numbers are read: nothing visible parts them.
_APART = re.compile(r"(?<=\$)(?=\$)|(?<=\\)(?=n)|(?<=:)(?=fa-)")
_LENGTH = 60
_STYLES = {
    "head": "stroke:#2563eb,stroke-width:3px",
    "current": "fill:#bbf7d0,color:#14532d",
    "missing": "stroke-dasharray:4 4",
}


def flowchart(revisions: Sequence[Revision]) -> str:
    """Return a flowchart from the bases at the bottom to the heads at the top.

    Solid arrows lead from a revision to what follows it, dotted ones to what depends on it. Mermaid
    draws at most 500 arrows unless `maxEdges` says otherwise.
    """
    return "\n".join(["flowchart BT", *(f"    {line}" for line in _statements(revisions))]) + "\n"


def _statements(revisions: Sequence[Revision]) -> Iterator[str]:
    names = {one.revision: f"r{place}" for place, one in enumerate(revisions)}
    by_label = {label: names[one.revision] for one in revisions for label in one.branch_labels}
    for one in revisions:
        yield f"{names[one.revision]}{_box(one)}"
    missing: dict[str, str] = {}
    for one in revisions:
        for parents, arrow in ((one.down_revision, "-->"), (one.depends_on, "-. needed by .->")):
            for parent in dict.fromkeys(parents):
                name = names.get(parent) or by_label.get(parent) or missing.get(parent)
                if name is None:
                    name = missing[parent] = f"m{len(missing)}"
                    yield f'{name}["{_escape(parent)}<br/>not shown"]'
                yield f"{name} {arrow} {names[one.revision]}"
    for style, members in (
        ("head", [names[one.revision] for one in revisions if one.is_head]),
        ("current", [names[one.revision] for one in revisions if one.is_current]),
        ("missing", list(missing.values())),
    ):
        if members:
            yield f"classDef {style} {_STYLES[style]}"
            yield f"class {','.join(members)} {style}"


def _box(one: Revision) -> str:
    marks = ["(head)"] * one.is_head + ["(current)"] * one.is_current
    labels = [f"[{label}]" for label in one.branch_labels]
    lines = [" ".join([one.revision, *marks, *labels]), shorten(clean(one.message), _LENGTH)]
    return '["' + "<br/>".join(_escape(line) for line in lines if line) + '"]'


def _escape(words: str) -> str:
    apart = _APART.sub("\u200b", words)
    return _MARKUP.sub(lambda found: f"#{ord(found[0])};", apart)
