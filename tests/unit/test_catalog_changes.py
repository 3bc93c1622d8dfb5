"""What differs between two fingerprints, and the texts that are compared."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from dbtasks.catalog import Change, Fingerprint, changes, normalised
from dbtasks.catalog.privileges import read_grants
from dbtasks.catalog.view_text import without_qualifier

if TYPE_CHECKING:
    from dbtasks.catalog.fingerprint import Properties


def of(objects: dict[str, Properties], major: int = 17) -> Fingerprint:
    return Fingerprint(major=major, objects=objects)


def lines(before: dict[str, Properties], after: dict[str, Properties]) -> list[str]:
    return [str(change) for change in changes(of(before), of(after))]


NOTE: dict[str, Properties] = {
    "table public.note": {"owner": "me"},
    'column public.note."a.b"': {"type": "integer"},
    "constraint public.note.note_pkey": {"definition": "PRIMARY KEY (id)"},
    "trigger public.note.t": {"definition": "..."},
    "index public.note_ix": {"table": "public.note"},
    "sequence public.note_seq": {"owned by": 'public.note."a.b"'},
    "enum public.status": {"values": ("a", "b")},
}


def test_equal_fingerprints_have_no_changes_whatever_the_major() -> None:
    assert changes(of(NOTE, 14), of(dict(reversed(NOTE.items())), 18)) == ()
    assert of(NOTE, 14) == of(NOTE, 18)


def test_a_change_names_the_properties_that_differ() -> None:
    before: dict[str, Properties] = {"column t.c": {"type": "integer", "nullable": "false"}}
    after: dict[str, Properties] = {
        "column t.c": {"type": "bigint", "nullable": "false", "comment": "x"}
    }
    (change,) = changes(of(before), of(after))
    assert change == Change(
        key="column t.c",
        what="changed",
        properties=(("type", "integer", "bigint"), ("comment", None, "x")),
    )
    assert str(change) == "column t.c: type was integer, is bigint; comment was (none), is x"


def test_what_goes_with_its_table_is_not_told_again() -> None:
    assert lines({}, NOTE) == ["enum public.status: added", "table public.note: added"]
    assert lines(NOTE, {}) == ["enum public.status: removed", "table public.note: removed"]


@pytest.mark.parametrize("gone", [k for k in NOTE if k.split(" ")[0] not in {"table", "column"}])
def test_what_goes_alone_is_told(gone: str) -> None:
    after = {key: found for key, found in NOTE.items() if key != gone}
    assert lines(NOTE, after) == [f"{gone}: removed"]


def test_a_sequence_that_goes_with_its_column_is_not_told_again() -> None:
    after = {k: v for k, v in NOTE.items() if not k.startswith(("column", "sequence"))}
    assert lines(NOTE, after) == ['column public.note."a.b": removed']


def test_an_index_that_moved_to_another_table_is_told() -> None:
    before: dict[str, Properties] = {"table s.a": {}, "index s.i": {"table": "s.a"}}
    after: dict[str, Properties] = {"table s.b": {}, "index s.i": {"table": "s.b"}}
    assert lines(before, after) == [
        "index s.i: table was s.a, is s.b",
        "table s.a: removed",
        "table s.b: added",
    ]


def test_long_values_are_shown_where_they_differ() -> None:
    before: dict[str, Properties] = {"view v": {"definition": "SELECT\n  " + "a, " * 100 + "old"}}
    after: dict[str, Properties] = {
        "view v": {"definition": "SELECT\n  " + "a, " * 100 + "new " + "b" * 200}
    }
    same = "..." + ("a, " * 100)[-40:]
    assert lines(before, after) == [f"view v: definition was {same}old, is {same}new {'b' * 76}..."]


@pytest.mark.parametrize(
    ("acl", "default", "told"),
    [
        (["me=arwd/me"], ["me=arwd/me"], ()),
        (["me=arwd/me", "=r/me", "app=rw/me"], ["me=arwd/me"], ("PUBLIC: SELECT", "app: SELECT, UPDATE")),
        (["app=arwd/me"], ["me=arwd/me"], ("app: ALL", "me: nothing")),
        (["me=arwd/me", "app=a*r*w*d*/me"], ["me=arwd/me"], ("app: ALL with grant option",)),
        (["me=arwd/me", "app=ar*/me"], ["me=arwd/me"], ("app: INSERT, SELECT with grant option",)),
        (["me=arwd/me", "b=r/app"], ["me=arwd/me"], ("b: SELECT (granted by app)",)),
        (["me=arwd/me", '"odd =/""x"=r/me'], ["me=arwd/me"], ('"odd =/""x": SELECT',)),
    ],
)  # fmt: skip
def test_grants_are_what_differs_from_the_default(
    acl: list[str], default: list[str], told: tuple[str, ...]
) -> None:
    assert read_grants(json.dumps([acl, default, default])) == told


def test_the_default_of_initdb_is_the_owners_whoever_owns_it_now() -> None:
    packed = [["me=UC/me", "=U/me"], ["postgres=UC/postgres", "=U/postgres"], ["me=UC/me"]]
    assert read_grants(json.dumps(packed)) == ()


@pytest.mark.parametrize(
    ("printed", "same"),
    [
        (" SELECT note.id,\n    note.\"A\"\n   FROM public.note;", " SELECT id,\n    \"A\"\n   FROM public.note;"),
        (" SELECT n.id FROM public.note n WHERE (n.x = 'n.id'::text);", " SELECT id FROM public.note n WHERE (x = 'n.id'::text);"),
        (" SELECT n.*::public.note AS n FROM public.note n;", " SELECT n.*::public.note AS n FROM public.note n;"),
        (" SELECT s.a FROM ( SELECT t.a FROM t, u) s;", " SELECT a FROM ( SELECT t.a FROM t, u) s;"),
        (" SELECT g.g FROM generate_series(1, 3) g(g) LIMIT 1;", " SELECT g FROM generate_series(1, 3) g(g) LIMIT 1;"),
        (" WITH big AS ( SELECT t.a FROM t ) SELECT big.a FROM big;", " WITH big AS ( SELECT t.a FROM t ) SELECT a FROM big;"),
        (" SELECT t.a FROM t TABLESAMPLE bernoulli ((10)::real);", " SELECT a FROM t TABLESAMPLE bernoulli ((10)::real);"),
        (" SELECT E'\\\\t.a' AS x, t.a FROM t;", " SELECT E'\\\\t.a' AS x, a FROM t;"),
        (" SELECT 1.5 AS x, now() AS y;", " SELECT 1.5 AS x, now() AS y;"),
    ],
)  # fmt: skip
def test_a_view_of_one_table_needs_no_qualifiers(printed: str, same: str) -> None:
    assert without_qualifier(printed) == same
    assert without_qualifier(same) == same


@pytest.mark.parametrize(
    "printed",
    [
        " SELECT a.id, b.id FROM (a JOIN b ON ((a.id = b.id)));",
        " SELECT a.id FROM a, b;",
        " SELECT a.id FROM a UNION ALL SELECT b.id FROM b;",
    ],
)
def test_a_view_of_several_tables_keeps_them(printed: str) -> None:
    assert without_qualifier(printed) == printed


@pytest.mark.parametrize(
    ("line", "same"),
    [
        ("a: ALL", "a: ALL"),
        ("a: MAINTAIN, SELECT", "a: SELECT"),
        ("a: MAINTAIN", "a: MAINTAIN"),
        (
            "a: DELETE, INSERT, REFERENCES, SELECT, TRIGGER, TRUNCATE, UPDATE (granted by b)",
            "a: ALL (granted by b)",
        ),
        ("a: MAINTAIN with grant option, SELECT", "a: SELECT"),
        ("a: nothing", "a: nothing"),
    ],
)
def test_the_privilege_that_17_added_to_all_is_not_told(line: str, same: str) -> None:
    found = normalised(of({"table t": {"owner": "me", "grants": (line,)}}))
    assert found.objects == {"table t": {"owner": "me", "grants": (same,)}}


def test_what_everyone_may_do_in_schema_public_is_not_told() -> None:
    fourteen = of({"schema public": {"grants": ("PUBLIC: USAGE", "app: CREATE")}})
    assert normalised(fourteen).objects == {"schema public": {"grants": ("app: CREATE",)}}
    closed = of({"schema public": {"grants": ("PUBLIC: nothing",)}})
    assert normalised(closed) == closed
    assert normalised(of({"schema public": {"grants": ("PUBLIC: ALL",)}})).objects == {
        "schema public": {}
    }


def test_what_an_extension_brings_is_not_told() -> None:
    found = of({"extension citext": {"schema": "public", "version": "1.6", "comment": "c"}})
    assert normalised(found).objects == {"extension citext": {"schema": "public"}}
