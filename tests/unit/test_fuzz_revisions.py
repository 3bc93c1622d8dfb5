"""Fuzz: whatever a revision file holds, it is read as Python would, or refused in a line."""

from __future__ import annotations

import os
import tempfile
import warnings
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

import fuzzing
from dbtasks.errors import DbtasksError, MigrationError, SettingsError
from dbtasks.revisions import read_history
from dbtasks.revisions.file import parse
from dbtasks.settings import load_settings
from fuzzing import check_error, fuzzed, texts

USUAL = '''\
"""add a thing

Revision ID: ab12
Revises: cd34
Create Date: 2026-01-01 10:00:00

"""

import sqlalchemy as sa
from alembic import op

revision: str = "ab12"
down_revision: str | None = "cd34"
branch_labels = None
depends_on = ("ef56",)


def upgrade() -> None:
    op.execute("SELECT 1")


def downgrade() -> None:
    pass
'''
# Nothing of these imports, waits or writes: the mutants are run, to see what Python says of them.
HARMLESS = USUAL.replace("import sqlalchemy as sa\nfrom alembic import op\n", "import os\n")
PIECES = (
    *(
        "revision",
        "down_revision",
        "branch_labels",
        "depends_on",
        "__doc__",
        "=",
        ":",
        ",",
        "\n",
        " ",
    ),
    *(
        "(",
        ")",
        "[",
        "]",
        "{",
        "}",
        '"""',
        "'",
        '"',
        "\\",
        "#",
        "\r",
        "\r\n",
        "\f",
        "\t",
        ";",
        "None",
    ),
    *(
        "if True:\n    ",
        "del revision\n",
        "x = ",
        "r",
        "f",
        "b",
        "u",
        "'a' 'b'",
        "1",
        "...",
        "\0",
        "é",
    ),
    *(
        "# coding: latin-1\n",
        "def revision(): pass\n",
        "global revision\n",
        "for revision in '':\n",
        "\ufeff",
    ),
)


@st.composite
def mutants(draw: st.DrawFn) -> bytes:
    """A usual file with a few pieces put in, taken out, or put in the place of others."""
    text = HARMLESS
    for _ in range(draw(st.integers(0, 4))):
        place = draw(st.integers(0, len(text)))
        end = place + draw(st.sampled_from([0, 0, 1, 3, 12]))
        piece = draw(st.one_of(st.sampled_from(PIECES), texts()))
        text = text[:place] + piece + text[end:]
    encoding = draw(st.sampled_from(["utf-8", "utf-8", "utf-8", "latin-1", "utf-16", "utf-8-sig"]))
    return text.encode(encoding, "surrogatepass" if "utf" in encoding else "replace")


@fuzzed(400, 40_000)
@given(st.one_of(mutants(), st.binary(max_size=60)))
@example(b"")
@example(b"revision = ''\ndown_revision = None\n")
@example(b"revision = '\\x1b[2J'\ndown_revision = None\n")
@example(b"revision = 'a\\udc80'\ndown_revision = None\n")
@example(b"down_revision = None\nrevision = " + b"9" * 5000)
@example(b"down_revision = None\nrevision = " + b"-" * 100_000 + b"1")
@example(
    b"down_revision = None\nrevision = 'a'\nbranch_labels = 'a' + " + b"'b' + " * 20_000 + b"'c'"
)
@example(b"revision = 'a'\ndown_revision = " + b"(" * 5000)
@example(b"# coding: klingon\nrevision = 'a'\ndown_revision = None\n")
def test_any_file_is_read_as_python_does_or_an_error_of_one_line(data: bytes) -> None:
    try:
        found = parse(data, "/versions/zz_thing.py")
    except MigrationError as error:
        check_error(error, 4)
        return
    if found is None:  # only running it can tell
        return
    variables = run(data)
    if variables is None:  # it is no Python, or ends early: Alembic says so before it runs
        return
    assert found.revision == variables["revision"]
    assert found.down_revision == as_tuple(variables["down_revision"])
    assert found.branch_labels == as_tuple(variables.get("branch_labels"))
    doc = variables["__doc__"] or ""
    assert found.message == doc.strip().split("\n\n", 1)[0]


def run(data: bytes) -> dict[str, Any] | None:
    """Return the variables of a module, None where it does not run to its end."""
    variables: dict[str, Any] = {"__name__": "thing"}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            exec(compile(data, "thing.py", "exec"), variables)
        except Exception:  # noqa: BLE001  a mutant may raise anything
            return None
    return variables


def as_tuple(value: Any) -> tuple[str, ...]:
    if value is None:
        return ()
    return (value,) if isinstance(value, str) else tuple(value)


INI = (
    *(
        "[alembic]",
        "script_location = %(here)s",
        "script_location = .",
        "script_location=nope:x",
        "a",
    ),
    *(
        "version_locations = %(here)s/v",
        "version_locations = a b",
        "path_separator = ",
        "space",
        "os",
    ),
    *(
        "recursive_version_locations = true",
        "sourceless = true",
        "prepend_sys_path = .",
        "\n",
        "\n ",
        "=",
    ),
    *(
        "%",
        "%%",
        "%(",
        "%(x)s",
        "[",
        "]",
        ":",
        ";",
        "#",
        "script_location = os:x",
        "script_location = ..x:y",
    ),
)
TOML = (
    *(
        "[tool.alembic]",
        "[tool]",
        "alembic = 1",
        'script_location = "%(here)s"',
        "script_location = 1",
    ),
    *(
        'script_location = ["a"]',
        "version_locations = [1]",
        'version_locations = ["%(here)s/v", "%(x)s"]',
    ),
    *(
        "prepend_sys_path = {}",
        'prepend_sys_path = "%s"',
        "sourceless = 1",
        "sourceless = true",
        "\n",
        "[[",
    ),
    *(
        'recursive_version_locations = "x"',
        "prepend_sys_path = [[]]",
        'script_location = "\\u0000"',
    ),
)


def lines(of: tuple[str, ...]) -> st.SearchStrategy[bytes]:
    pieces = st.lists(st.one_of(st.sampled_from(of), texts()), max_size=8)
    joined = st.tuples(st.sampled_from(["\n", "\n", ""]), pieces).map(lambda it: it[0].join(it[1]))
    return joined.map(lambda text: text.encode("utf-8", "surrogatepass"))


@fuzzed(300, 20_000)
@given(st.one_of(st.none(), lines(INI)), st.one_of(st.none(), lines(TOML)))
@example(b"[alembic]\nscript_location = " + b"x" * 5000, None)
@example(b"[alembic]\nscript_location = alembic.ini\n", None)
@example(b"[alembic]\nscript_location = .x:y\n", None)
@example(b"[alembic]\nscript_location = x\0y\n", None)
@example(None, b'[tool]\nalembic = "x"\n')
@example(None, b"tool = 3\n")
@example(None, b'[tool.alembic]\nscript_location = "' + b"x" * 300 + b'"\n')
def test_any_alembic_configuration_is_read_or_an_error_of_one_line(
    ini: bytes | None, pyproject: bytes | None
) -> None:
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        (root / "v").mkdir()
        if ini is not None:
            (root / "alembic.ini").write_bytes(ini)
        if pyproject is not None:
            (root / "pyproject.toml").write_bytes(pyproject)
        try:
            read_history(load_settings(root=root, environ={}), cache=False)
        except DbtasksError as error:
            check_error(error, 2, 4)


NAMES = st.one_of(
    st.sampled_from(
        ["a.py", "b.py", "__init__.py", ".#a.py", "a.pyc", "__pycache__", "sub", "é.py"]
    ),
    texts().map(lambda text: fuzzing.file_name(text) + ".py"),
)
KINDS = st.sampled_from(
    ["text", "text", "folder", "loop", "nowhere", "outside", "pipe", "empty", "socket"]
)


@fuzzed(100, 6_000)
@given(st.dictionaries(NAMES, KINDS, max_size=4), st.booleans(), st.booleans())
@example({"a.py": "loop"}, False, False)
@example({"a.py": "pipe"}, False, False)
@example({"a.py": "folder", "sub": "loop"}, True, True)
@example({"caf\udce9.py": "nowhere"}, False, False)
def test_any_folder_of_versions_is_read_or_an_error_of_one_line(
    entries: dict[str, str], recursive: bool, sourceless: bool
) -> None:
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        versions = root / "versions"
        versions.mkdir()
        (root / "alembic.ini").write_text(
            f"[alembic]\nscript_location = %(here)s\nsourceless = {str(sourceless).lower()}\n"
            f"recursive_version_locations = {str(recursive).lower()}\n"
        )
        for number, (name, kind) in enumerate(entries.items()):
            path = versions / name
            if os.path.lexists(path):
                continue
            put(path, kind, f"revision = 'r{number}'\ndown_revision = None\n")
        try:
            history = read_history(load_settings(root=root, environ={}), cache=False)
        except (MigrationError, SettingsError) as error:
            check_error(error, 4)
            return
        assert len(history.revisions) <= len(entries)


def put(path: Path, kind: str, text: str) -> None:
    if kind in {"text", "empty"}:
        path.write_text(text if kind == "text" else "")
    elif kind == "folder":
        path.mkdir()
    elif kind in {"pipe", "socket"}:
        os.mkfifo(path)
    else:
        path.symlink_to({"loop": str(path), "nowhere": "gone", "outside": ".."}[kind])


def test_a_file_of_many_megabytes_is_read(tmp_path: Path) -> None:
    versions = tmp_path / "versions"
    versions.mkdir()
    (tmp_path / "alembic.ini").write_text("[alembic]\nscript_location = %(here)s\n")
    text = "revision = 'a'\ndown_revision = None\nROWS = '''\n"
    (versions / "a.py").write_text(f"{text}{'0123456789abcdef' * 2**20}\n'''\n")
    history = read_history(load_settings(root=tmp_path, environ={}), cache=False)
    assert list(history.revisions) == ["a"]
    assert not history.computed


def test_a_file_that_may_not_be_read_is_named(tmp_path: Path) -> None:
    if os.geteuid() == 0:  # whom no mode keeps out
        return
    versions = tmp_path / "versions"
    versions.mkdir()
    (tmp_path / "alembic.ini").write_text("[alembic]\nscript_location = %(here)s\n")
    (versions / "a.py").touch(mode=0)
    with pytest.raises(MigrationError) as caught:
        read_history(load_settings(root=tmp_path, environ={}), cache=False)
    assert caught.value.message == f"{versions}/a.py cannot be read: Permission denied"
