"""Whatever the graph, the answers about it are Alembic's own."""

from __future__ import annotations

import os
import tempfile
import warnings
from pathlib import Path
from typing import Any

import pytest
from alembic.config import Config
from alembic.script import ScriptDirectory
from alembic.script.revision import CycleDetected, ResolutionError, RevisionError, RevisionMap
from alembic.script.revision import Revision as AlembicRevision
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from dbtasks.errors import MigrationError
from dbtasks.revisions import read_history
from dbtasks.revisions.history import History
from dbtasks.revisions.source import RevisionSource
from dbtasks.settings import load_settings

settings.register_profile(
    "graphs", deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow]
)
settings.register_profile("long", parent=settings.get_profile("graphs"), derandomize=False)
GRAPHS = settings.get_profile("long" if os.environ.get("DBTASKS_TEST_LONG") else "graphs")
EXAMPLES = 1000 if os.environ.get("DBTASKS_TEST_LONG") else 150


@st.composite
def sound(draw: st.DrawFn) -> list[RevisionSource]:
    """Histories with branches, merges, several bases, labels and dependencies; files in any order."""
    count = draw(st.integers(0, 14))
    names = [f"{draw(st.sampled_from(['ab', 'ac', 'b']))}{number:02}" for number in range(count)]
    found: list[RevisionSource] = []
    labels: list[str] = []
    for number, name in enumerate(names):
        near = st.sampled_from(names[max(0, number - 5) : number]) if number else st.nothing()
        parents = draw(st.lists(near, max_size=3, unique=True)) if number else []
        if number and not parents and draw(st.integers(0, 3)):
            parents = [draw(near)]
        needs = st.sampled_from([*names[:number], *labels]) if number else st.nothing()
        depends = draw(st.lists(needs, max_size=3)) if number and draw(st.booleans()) else []
        if not draw(st.integers(0, 4)):
            labels.append(f"label{number}")
        found.append(
            make(name, parents, depends, [f"label{number}"] if f"label{number}" in labels else [])
        )
    return draw(st.permutations(found))


@st.composite
def unsound(draw: st.DrawFn) -> list[RevisionSource]:
    """Graphs of anything: circles, missing parents, ids and labels given twice."""
    names = [f"rev{number}" for number in range(draw(st.integers(1, 7)))]
    anything = st.sampled_from([*names, "gone", "label0"])
    return [
        make(
            draw(st.sampled_from([name, name, name, names[0]])),
            draw(st.lists(anything, max_size=2)),
            draw(st.lists(anything, max_size=1)),
            draw(st.sampled_from([[], [], [], ["label0"], ["rev0"]])),
        )
        for name in names
    ]


def make(
    name: str, parents: list[str], depends: list[str], labels: list[str], path: str = ""
) -> RevisionSource:
    return RevisionSource(
        revision=name,
        down_revision=tuple(parents),
        depends_on=tuple(depends),
        branch_labels=tuple(labels),
        path=path or f"/versions/{name}.py",
    )


def alembic(revisions: list[RevisionSource]) -> RevisionMap:
    def loaded() -> list[AlembicRevision]:
        return [
            AlembicRevision(one.revision, one.down_revision, one.depends_on, one.branch_labels)
            for one in revisions
        ]

    return RevisionMap(loaded)


def ids(revisions: Any) -> list[str]:
    return [one.revision for one in revisions]


@settings(GRAPHS, max_examples=EXAMPLES)
@given(sound())
def test_heads_bases_and_order(revisions: list[RevisionSource]) -> None:
    history, theirs = History(revisions), alembic(revisions)
    history.check()
    assert history.heads == theirs.heads
    assert history.effective_heads == theirs._real_heads
    assert history.bases == theirs.bases
    walked = theirs.iterate_revisions("heads", "base", inclusive=True, assert_relative_length=False)
    assert ids(history.ordered()) == ids(walked)


@settings(GRAPHS, max_examples=EXAMPLES)
@given(sound(), st.data())
def test_ancestors_and_descendants(revisions: list[RevisionSource], data: st.DataObject) -> None:
    history, theirs = History(revisions), alembic(revisions)
    names = data.draw(st.lists(st.sampled_from(ids(revisions)), max_size=3)) if revisions else []
    targets = theirs.get_revisions(tuple(names))
    for over in (True, False):
        ancestors = theirs._get_ancestor_nodes(targets, include_dependencies=over)
        assert history.ancestors(*names, dependencies=over) == set(ids(ancestors))
        descendants = theirs._get_descendant_nodes(targets, include_dependencies=over)
        assert history.descendants(*names, dependencies=over) == set(ids(descendants))


@settings(GRAPHS, max_examples=EXAMPLES)
@given(sound(), st.data())
def test_pending(revisions: list[RevisionSource], data: st.DataObject) -> None:
    history, theirs = History(revisions), alembic(revisions)
    known = st.sampled_from(ids(revisions)) if revisions else st.nothing()
    current = tuple(data.draw(st.lists(known, max_size=3, unique=True))) if revisions else ()
    if any(len(history.ancestors(name).intersection(current)) > 1 for name in current):
        with pytest.raises(RevisionError, match="overlaps"):
            list(theirs.iterate_revisions("heads", current, implicit_base=True))
        with pytest.raises(MigrationError, match="which it includes"):
            history.pending(current)
        return
    wanted = theirs.iterate_revisions("heads", current, implicit_base=True)
    assert ids(history.pending(current)) == ids(wanted)[::-1]


@settings(GRAPHS, max_examples=EXAMPLES)
@given(sound(), st.data())
def test_names(revisions: list[RevisionSource], data: st.DataObject) -> None:
    history, theirs = History(revisions), alembic(revisions)
    assume(revisions)
    some = [
        *ids(revisions),
        *history.labels,
        "head",
        "heads",
        "base",
        "ab",
        "ac0",
        "b1",
        "label",
        "x",
    ]
    name = data.draw(st.sampled_from(some))
    if data.draw(st.booleans()):
        name = data.draw(st.sampled_from(some[: len(some) - 8] or ["x"])) + "@" + name
    try:
        wanted = ids(theirs.get_revisions(name))
        if name.endswith("head"):
            theirs.get_revision(name)
    except (ResolutionError, RevisionError):
        with pytest.raises(MigrationError):
            history.get(name)
        return
    assert ids(history.get(name)) == wanted


@settings(GRAPHS, max_examples=EXAMPLES * 2)
@given(unsound())
def test_what_is_wrong(revisions: list[RevisionSource]) -> None:
    history = History(revisions)
    error, twice = told_by_alembic(revisions)
    assert error is not None or twice == set(history.duplicates)
    if isinstance(error, KeyError):
        assert error.args[0] in {one.parent for one in history.missing_parents}
    if isinstance(error, CycleDetected) and not history.duplicates:
        ours = {name for cycle in history.cycles for name in cycle}
        assert ours & set(error.revisions) or history.missing_parents
    if "Branch name" in str(error):
        assert history.duplicate_labels
    # Alembic overlooks a circle that a head and a base lead past, and only warns of duplicates.
    if error is None and not twice and not history.cycles:
        history.check()
    else:
        with pytest.raises(MigrationError):
            history.check()


def told_by_alembic(revisions: list[RevisionSource]) -> tuple[Exception | None, set[str]]:
    """What Alembic raises, and the duplicates it warns of."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        error = None
        try:
            assert alembic(revisions)._revision_map is not None
        except (RevisionError, KeyError) as found:
            error = found
    said = [str(one.message) for one in caught]
    return error, {text.split()[1] for text in said if "more than once" in text}


@settings(GRAPHS, max_examples=max(EXAMPLES // 5, 25))
@given(sound(), st.data())
def test_the_same_files_read_by_both(revisions: list[RevisionSource], data: st.DataObject) -> None:
    recursive = data.draw(st.booleans())
    with tempfile.TemporaryDirectory() as temporary:
        root = Path(temporary)
        names = ["one", "two", "two/deep"] if recursive else ["one", "two"]
        (root / "alembic.ini").write_text(
            "[alembic]\nscript_location = %(here)s\npath_separator = :\n"
            f"version_locations = %(here)s/one:%(here)s/two:%(here)s/absent\n"
            f"recursive_version_locations = {str(recursive).lower()}\n"
        )
        for name in names:
            (root / name).mkdir()
        for number, one in enumerate(revisions):
            path = root / data.draw(st.sampled_from(names)) / f"{number}_{one.revision}.py"
            path.write_text(data.draw(written(one)))
        theirs = ScriptDirectory.from_config(Config(root / "alembic.ini"))
        history = read_history(load_settings(root=root, environ={}), cache=False)
        assert not history.computed
        assert list(history.heads) == theirs.get_heads()
        assert list(history.effective_heads) == theirs.get_heads(consider_depends_on=True)
        for ours, script in zip(history.ordered(), theirs.walk_revisions(), strict=True):
            assert (ours.revision, ours.path, ours.message) == (
                script.revision,
                script.path,
                script.doc,
            )
            assert set(ours.branch_labels) == set(script._orig_branch_labels)


@st.composite
def written(draw: st.DrawFn, one: RevisionSource) -> str:
    """A revision's file, in one of the ways that people and formatters write them."""
    typed = draw(st.booleans())

    def value(names: tuple[str, ...]) -> str:
        if not names:
            return draw(st.sampled_from(["None", "()", "[]"]))
        if len(names) == 1 and draw(st.booleans()):
            return draw(st.sampled_from([f'"{names[0]}"', f"'{names[0]}'", f'("{names[0]}")']))
        inner = ", ".join(f'"{name}"' for name in names) + ","
        return draw(st.sampled_from([f"({inner})", f"[{inner}]", "(\n    " + inner + "\n)"]))

    lines = [
        draw(
            st.sampled_from(
                ["", f'"""{one.revision} does\na\n\nthing"""\n', "# no words\n", "'''a b'''\n"]
            )
        ),
        draw(st.sampled_from(["", "import os\n", "from os import (\n    path,\n)\n", "x = 1\n"])),
        f'revision{": str" if typed else ""} = "{one.revision}"  # id\n',
    ]
    for name in ("down_revision", "branch_labels", "depends_on"):
        names = getattr(one, name)
        if names or name == "down_revision" or draw(st.booleans()):
            annotation = (
                ": str | tuple[str, ...] | None" if typed and "path" not in lines[1] else ""
            )
            lines.append(f"{name}{annotation} = {value(names)}\n")
    lines.append('\n\ndef upgrade():\n    """The revision"""\n    depends_on = 1\n')
    return draw(st.sampled_from(["\n", "\r\n"])).join("".join(lines).split("\n"))
