"""Ranges of a history: both ends belong to them, as in Alembic."""

from __future__ import annotations

import random
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from alembic.script.revision import RangeNotAncestorError, RevisionMap
from alembic.script.revision import Revision as AlembicRevision

from dbtasks.errors import MigrationError, UsageError
from dbtasks.pictures import ranges
from drawn import any_history, chain, history

if TYPE_CHECKING:
    from dbtasks.results import Revision

SHOP = history(
    """
    nnn < ddd
    zzz < mmm
    mmm < ccc eee
    ddd | | ccc | billing
    eee < bbb
    ccc < bbb
    bbb < aaa
    aaa
    """,
    current="ccc",
)


@pytest.mark.parametrize(
    ("from_", "to", "last", "names"),
    [
        (None, None, None, "nnn zzz mmm ddd eee ccc bbb aaa"),
        ("bbb", None, None, "zzz mmm eee ccc bbb"),
        ("base", "mmm", None, "mmm eee ccc bbb aaa"),
        ("ccc", "zzz", None, "zzz mmm ccc"),
        ("current", "heads", None, "zzz mmm ccc"),
        (None, "ddd", None, "ddd ccc bbb aaa"),
        ("billing", None, None, "nnn ddd"),
        ("bb", "cc", None, "ccc bbb"),
        ("ccc", "ccc", None, "ccc"),
        (None, None, 2, "nnn zzz"),
        (None, "zzz", 2, "zzz mmm"),
        (None, "base", None, "ddd ccc bbb aaa"),
        (None, None, 99, "nnn zzz mmm ddd eee ccc bbb aaa"),
    ],
)
def test_select(from_: str | None, to: str | None, last: int | None, names: str) -> None:
    found = ranges.select(SHOP, from_=from_, to=to, last=last)
    assert [one.revision for one in found] == names.split()


def test_a_database_without_revisions_is_at_base() -> None:
    revisions = history("b < a\na")
    assert ranges.select(revisions, from_="current") == revisions
    assert ranges.select(revisions, to="current") == ()


def selected(revisions: list[Revision], from_: str, to: str) -> set[str] | None:
    try:
        return {one.revision for one in ranges.select(revisions, from_=from_, to=to)}
    except MigrationError as error:
        if error.code == "not-below":
            return None
        raise


@pytest.mark.parametrize("seed", range(20))
def test_select_agrees_with_alembic(seed: int) -> None:
    chance = random.Random(seed)
    plain = any_history(seed, 12)
    revisions = [
        replace(one, depends_on=(chance.choice(plain[place + 1 :]).revision,))
        if chance.random() < 0.2 and plain[place + 1 :] and not one.down_revision
        else one
        for place, one in enumerate(plain)
    ]
    names = [one.revision for one in revisions]
    theirs = RevisionMap(
        lambda: [
            AlembicRevision(one.revision, one.down_revision or None, one.depends_on or None)
            for one in revisions
        ]
    )
    for from_ in ["base", *names]:
        for to in ["heads", *names]:
            expected: set[str] | None
            try:
                found = theirs.iterate_revisions(
                    to, from_, inclusive=True, assert_relative_length=False
                )
                expected = {one.revision for one in found}
            except RangeNotAncestorError:
                expected = None
            except AssertionError:  # a revision that only depends on the other one
                continue
            assert selected(revisions, from_, to) == expected


@pytest.mark.parametrize(
    ("arguments", "error", "code", "message", "remedy"),
    [
        (
            {"from_": "nope"},
            MigrationError,
            "unknown-revision",
            "no revision is called nope",
            "invoke db.history lists the revisions",
        ),
        (
            {"to": ""},
            MigrationError,
            "unknown-revision",
            "no revision is called nothing",
            "invoke db.history lists the revisions",
        ),
        (
            {"to": "head"},
            MigrationError,
            "ambiguous-revision",
            "head could mean nnn, zzz",
            "name one revision, or write more of its id",
        ),
        (
            {"from_": "zzz", "to": "aaa"},
            MigrationError,
            "not-below",
            "revision zzz is not below aaa",
            "invoke db.history shows the graph; give the older revision as --from",
        ),
        (
            {"last": 0},
            UsageError,
            "usage",
            "the last 0 revisions are none",
            "write --last N, from 1 on",
        ),
    ],
)
def test_select_says_what_is_wrong(
    arguments: dict[str, Any],
    error: type[MigrationError | UsageError],
    code: str,
    message: str,
    remedy: str,
) -> None:
    with pytest.raises(error) as caught:
        ranges.select(SHOP, **arguments)
    found = caught.value
    assert (found.code, found.message, found.remedy) == (code, message, remedy)


def test_the_start_of_several_ids_is_ambiguous() -> None:
    with pytest.raises(MigrationError) as caught:
        ranges.select(chain(12), to="000")
    assert caught.value.message == "000 could mean 00001, 00002, 00003, 00004, 00005 and 7 more"
