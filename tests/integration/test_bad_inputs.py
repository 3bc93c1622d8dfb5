"""A hundred bad inputs, tests/bad_inputs.toml: each a line, a remedy and an exit code, and nothing changes."""

from __future__ import annotations

import json
import uuid
from typing import TYPE_CHECKING, Any

import pytest

from bad_inputs import BadInput, bad_inputs, spoil
from consumers import copy_of
from dbtasks import maintenance
from histories import execute, succeeded
from snapshots import database_of, files_of

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from consumers import Done
    from dbtasks.url import DatabaseURL

ROWS = bad_inputs()
# What every command may keep in its state folder.
CACHES = {
    f".dbtasks{name}" for name in ("", "/.gitignore", "/revisions.json", "/db.version-table.json")
}


@pytest.fixture(scope="module")
def migrated(
    postgres: DatabaseURL, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[DatabaseURL]:
    """The URL of a database at the head of the project `plain`, with rows in it."""
    url = postgres.with_database(f"bad_{uuid.uuid4().hex[:12]}")
    project = copy_of("plain", tmp_path_factory.mktemp("migrated"), url)
    succeeded(project.invoke("db.init"))
    execute(url, "INSERT INTO note (title) SELECT 'note ' || n FROM generate_series(1, 9) n")
    yield url
    maintenance.drop(url)


def test_the_table_has_a_hundred_rows_of_different_names() -> None:
    assert len({row.name for row in ROWS}) == len(ROWS) >= 100


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name.replace(" ", "-"))
def test_a_bad_input_is_an_error_of_one_line(
    row: BadInput, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    if row.docker:
        request.getfixturevalue("docker_engine")
    url = request.getfixturevalue("migrated") if row.server else None
    project = copy_of(row.project, tmp_path, url)
    spoil(project, row)
    parts = {"root": str(project.root), "versions": f"{project.root}/migrations/versions"}
    if url is not None:
        parts |= {"place": url.place, "database": url.database, "user": url.user}
    arguments, environ = filled(row.arguments, parts), filled(row.environ, parts)
    before, rows = files_of(project.root), database_of(url) if url is not None else None
    done = project.invoke(*arguments, **environ)
    assert done.code == row.code, done
    said, expected = answer(done, as_json="--json" in arguments), filled(wanted(row), parts)
    assert like(said, expected) == expected, done
    after = files_of(project.root)
    changed = {name for name in {*before, *after} if before.get(name) != after.get(name)}
    assert {name for name in changed if not name.endswith(tuple(row.state))} <= CACHES
    assert (database_of(url) if url is not None else None) == rows


def wanted(row: BadInput) -> dict[str, Any]:
    found = {"message": row.message, "remedy": row.remedy}
    if "--json" in row.arguments:
        found["code"] = row.error
    return {**found, "details": row.details} if row.details else found


def answer(done: Done, *, as_json: bool) -> dict[str, Any]:
    """Return the error that a command told, which may have told nothing else."""
    if as_json:
        assert not done.err, done
        document = json.loads(done.out)
        assert list(document) == ["error"], done
        return dict(document["error"])
    assert not done.out, done
    first, *details, last = done.err.splitlines()
    assert first.startswith("error: "), done
    assert last.startswith("remedy: "), done
    assert all(line.startswith("  ") for line in details), done
    found = {"message": first[7:], "remedy": last[8:]}
    return {**found, "details": [line[2:] for line in details]} if details else found


def like(said: Any, expected: Any) -> Any:
    """Return what was said; what the table leaves to others, it gets from there."""
    if isinstance(said, dict):
        return {name: like(text, expected.get(name)) for name, text in said.items()}
    if expected == ["..."]:
        return expected
    if isinstance(expected, str) and expected.endswith("..."):
        assert len(said) >= len(expected), said
        return expected if said.startswith(expected[:-3]) else said
    return said


def filled(texts: Any, parts: dict[str, str]) -> Any:
    """Return texts with what stands as <root> and the like filled in."""
    if isinstance(texts, str):
        for name, text in parts.items():
            texts = texts.replace(f"<{name}>", text)
        return texts
    if isinstance(texts, dict):
        return {name: filled(text, parts) for name, text in texts.items()}
    return [filled(text, parts) for text in texts]
