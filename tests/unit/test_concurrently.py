"""Statements on indexes CONCURRENTLY are recognised, however they are written, and no others are."""

from __future__ import annotations

import pytest

from dbtasks.environment.concurrently import Concurrently, read

STATEMENTS = {
    "CREATE INDEX CONCURRENTLY by_code ON item (code)": ("CREATE", "by_code", "item"),
    "create unique index concurrently if not exists s.by_code on only s.item (code)": (
        "CREATE",
        "s.by_code",
        "s.item",
    ),
    'CREATE INDEX CONCURRENTLY "on ""it""" ON "My Shop" . "Item"(code)': (
        "CREATE",
        '"on ""it"""',
        '"My Shop" . "Item"',
    ),
    "CREATE INDEX CONCURRENTLY ON item USING gin (code)": ("CREATE", None, "item"),
    "\n  -- why\n  /* and\n how */ CREATE INDEX\n CONCURRENTLY x ON y (z)": ("CREATE", "x", "y"),
    "CREATE INDEX CONCURRENTLY only_x ON ONLY y (z)": ("CREATE", "only_x", "y"),
    "DROP INDEX CONCURRENTLY IF EXISTS by_code": ("DROP", "by_code", None),
    "REINDEX TABLE CONCURRENTLY item": ("REINDEX", None, None),
    "REINDEX (VERBOSE, CONCURRENTLY) INDEX by_code": ("REINDEX", None, None),
    "REINDEX INDEX CONCURRENTLY by_code": ("REINDEX", None, None),
}
OTHERS = (
    "CREATE INDEX by_code ON item (code)",
    "CREATE INDEX concurrently_made ON item (code)",
    "DROP INDEX by_code",
    "REINDEX TABLE item",
    "UPDATE note SET body = 'CREATE INDEX CONCURRENTLY x ON y (z)'",
    "-- CREATE INDEX CONCURRENTLY x ON y (z)\nSELECT 1",
    "REFRESH MATERIALIZED VIEW CONCURRENTLY totals",
    "ALTER TABLE whole DETACH PARTITION part CONCURRENTLY",
    "",
)


@pytest.mark.parametrize("statement", STATEMENTS)
def test_it_is_recognised(statement: str) -> None:
    verb, index, table = STATEMENTS[statement]
    assert read(statement) == Concurrently(verb=str(verb), index=index, table=table)


@pytest.mark.parametrize("statement", OTHERS)
def test_anything_else_is_none(statement: str) -> None:
    assert read(statement) is None
