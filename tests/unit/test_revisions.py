"""Revision files read as source: every form of file, where they are, and the cache."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import warnings
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from alembic.config import Config
from alembic.script import ScriptDirectory

from consumers import PROJECTS
from dbtasks.errors import MigrationError, SettingsError
from dbtasks.revisions import read_history
from dbtasks.revisions.file import parse
from dbtasks.revisions.history import History
from dbtasks.revisions.locations import read_locations
from dbtasks.revisions.source import RevisionSource
from dbtasks.settings import load_settings

if TYPE_CHECKING:
    from collections.abc import Callable

PLAIN = '''"""add a column

Revision ID: b2
Revises: a1
Create Date: 2026-01-02 03:04:05.678901

"""

from alembic import op
import sqlalchemy as sa


# revision identifiers, used by Alembic.
revision = "b2"
down_revision = "a1"
branch_labels = None
depends_on = None


def upgrade():
    op.add_column("t", sa.Column("c"))
'''
A, B = 'revision = "a1"\ndown_revision = None\n', 'revision = "b2"\ndown_revision = "a1"\n'


def project(root: Path, files: dict[str, str], ini: str = "") -> Path:
    options = ini or "script_location = %(here)s/migrations"
    (root / "migrations" / "versions").mkdir(parents=True)
    (root / "alembic.ini").write_text(f"[alembic]\n{options}\n")
    for name, text in files.items():
        path = root / name if "/" in name else root / "migrations" / "versions" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text.encode())
    return root


def read(root: Path, **options: Any) -> History:
    return read_history(load_settings(root=root, environ={}), **{"cache": False, **options})


def read_error(root: Path) -> MigrationError:
    with pytest.raises(MigrationError) as caught:
        read(root)
    return caught.value


def alembic_heads(root: Path) -> list[str]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # deprecated separators
        config = Config(root / "alembic.ini", toml_file=root / "pyproject.toml")
        return ScriptDirectory.from_config(config).get_heads()


def test_a_file_of_alembics_template() -> None:
    assert parse(PLAIN.encode(), "/v/b2_add.py") == RevisionSource(
        revision="b2",
        down_revision=("a1",),
        message="add a column",
        date="2026-01-02 03:04:05.678901",
        path="/v/b2_add.py",
    )


FORMS = {
    "annotated": 'revision: str = "b2"\ndown_revision: Union[str, Sequence[str], None] = "a1"\n',
    "annotated with text": "revision: 'str' = 'b2'\ndown_revision: \"str | None\" = 'a1'\n",
    "a tuple": 'revision = "b2"\ndown_revision = ("a1",)\n',
    "a list": 'revision = "b2"\ndown_revision = ["a1"]\n',
    "a text in brackets": 'revision = ("b2")\ndown_revision = ("a1")\n',
    "over several lines": 'revision = "b2"\ndown_revision = (\n    "a1",  # the first\n)\n',
    "two texts side by side": 'revision = "b" "2"\ndown_revision = "a1"\n',
    "escapes": 'revision = "\\x62\\u0032"\ndown_revision = r"a1"\n',
    "CRLF": PLAIN.replace("\n", "\r\n"),
    "tabs": 'revision\t=\t"b2"\ndown_revision\t=\t"a1"\n',
    "a semicolon": 'revision = "b2"; down_revision = "a1"\n',
    "one value for two": 'x = revision = "b2"\ndown_revision = "a1"\n',
    "code before": f"import sys\nif sys.argv: x = 1\n{B}",
    "the last one counts": f'revision = "x"\n{B}',
    "set again further down": f'{B}def upgrade(): ...\nrevision = "b2"\n',
    "names in functions": f"{B}def upgrade():\n    revision = 1; depends_on = revision\n",
    "names in a text": f'TEXT = """\nrevision = "zz"\n"""\n{B}',
    "names in a class": f"{B}class A:\n    down_revision = 5\n",
    "imported under a name, then set": f"from x import *\n{B}branch_labels = depends_on = None\n",
    "a byte order mark": "\ufeff" + B,
    "another encoding named": "# coding: latin-1\n" + B,
}


@pytest.mark.parametrize("form", FORMS)
def test_forms_that_mean_the_same(form: str) -> None:
    found = parse(FORMS[form].encode(), "/v/x.py")
    assert found is not None
    assert (found.revision, found.down_revision) == ("b2", ("a1",))
    assert (found.branch_labels, found.depends_on) == ((), ())


COMPUTED = {
    "a name": 'PARENT = "a1"\nrevision = "b2"\ndown_revision = PARENT\n',
    "a call": 'revision = str("b2")\ndown_revision = "a1"\n',
    "a concatenation": 'revision = "b" + "2"\ndown_revision = "a1"\n',
    "an f-string": 'x = "b"\nrevision = f"{x}2"\ndown_revision = "a1"\n',
    "a condition": f'{B}if True:\n    down_revision = "a1"\n',
    "unpacking": 'revision, down_revision = "b2", "a1"\n',
    "adding": 'revision = "b"\nrevision += "2"\ndown_revision = "a1"\n',
    "globals": f'{B}globals()["down_revision"] = "a1"\n',
    "exec": f"{B}exec(\"down_revision = 'a1'\")\n",
    "global": f'{B}def f():\n    global revision\n    revision = "b2"\nf()\n',
    "a loop": f'{B}for down_revision in ["a1"]: pass\n',
    "an import": f"from os import *\n{B}from os import sep as unused\nfrom string import *\n",
    "a walrus": f'{B}print(depends_on := "")\n',
    "a module attribute": f"{B}def __getattr__(name):\n    raise AttributeError(name)\n",
}


@pytest.mark.parametrize("form", COMPUTED)
def test_what_only_python_can_tell_is_asked_from_alembic_and_said(
    form: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    root = project(tmp_path, {"a1.py": A, "b2_x.py": f'"""words"""\n{COMPUTED[form]}'})
    history = read(root)
    path = str(root / "migrations/versions/b2_x.py")
    assert history.computed == (path,)
    assert history.revisions["b2"] == RevisionSource(
        revision="b2", down_revision=("a1",), message="words", path=path, computed=True
    )
    assert history.heads == ("b2",)
    assert capsys.readouterr().out == ""


def test_the_message_is_the_first_paragraph() -> None:
    found = parse(f'# licence\n\n"""\none\n  two\n\nthree\n"""\n{B}'.encode(), "/v/x.py")
    assert found is not None
    assert found.message.split() == ["one", "two"]


def test_a_file_of_alembic_0_1_has_its_id_in_its_name(tmp_path: Path) -> None:
    root = project(tmp_path, {"a1.py": A, "b2.py": 'down_revision = "a1"\n'})
    assert list(read(root).heads) == alembic_heads(root) == ["b2"]


BROKEN: dict[str, tuple[bytes, str]] = {
    "empty": (b"", "has no revision (the file is empty)"),
    "nothing set": (b'"""words"""\n', "has no revision"),
    "no parent": (b'revision = "b2"\n', "has no down_revision"),
    "not UTF-8": (B.encode() + b'x = "\xe4"\n', "is not UTF-8 in line 3"),
    "a conflict": (
        b'revision = "b2"\n<<<<<<< HEAD\ndown_revision = "a1"\n=======\n',
        "has a syntax error in line 2: invalid syntax",
    ),
    "a conflict below": (
        B.encode() + b"\n<<<<<<< HEAD\n=======\n>>>>>>> x\n",
        "has a syntax error in line 4: invalid syntax",
    ),
    "an open bracket": (
        B.encode() + b"print(1\n",
        "has a syntax error in line 3: '(' was never closed",
    ),
    "a null byte": (
        B.encode() + b"\0",
        "is no Python source: source code string cannot contain null bytes",
    ),
    "a number": (b'revision = "b2"\ndown_revision = 5\n', "has down_revision = 5"),
    "a sign in the id": (
        b'revision = "b-2"\ndown_revision = None\n',
        "has the revision id 'b-2', and - cannot be in one",
    ),
}


@pytest.mark.parametrize("problem", BROKEN)
def test_a_broken_file_is_named(problem: str) -> None:
    data, said = BROKEN[problem]
    with pytest.raises(MigrationError) as caught:
        parse(data, "/v/x.py")
    assert (caught.value.code, caught.value.message) == ("broken-file", f"/v/x.py {said}")
    assert caught.value.remedy


def test_a_computed_file_that_raises_is_named(tmp_path: Path) -> None:
    root = project(tmp_path, {"b2.py": "import nothing_of_that_name as x\nrevision = x.y\n"})
    error = read_error(root)
    assert error.code == "broken-file"
    assert error.message == (
        f"{root}/migrations/versions/b2.py computes its identifiers, and raised ModuleNotFoundError:"
        " No module named 'nothing_of_that_name'"
    )


def test_a_missing_parent_names_the_file_that_wants_it(tmp_path: Path) -> None:
    root = project(tmp_path, {"b2_x.py": f'"""words"""\n{B}'})
    error = read_error(root)
    assert error.code == "missing-parent"
    assert error.message == "revision b2 (words) follows a1, which no revision file has"
    assert error.details == (f"file: {root}/migrations/versions/b2_x.py wants a1",)
    assert read(root, check=False).missing_parents[0].parent == "a1"


def test_a_circle_and_a_copy_are_named(tmp_path: Path) -> None:
    files = {"a.py": 'revision = "a1"\ndown_revision = "b2"\n', "b.py": B}
    error = read_error(project(tmp_path / "circle", files))
    assert (error.code, error.message) == ("cycle", "the history runs in a circle: a1, b2")
    error = read_error(project(tmp_path / "copy", {"a.py": A, "copy.py": A}))
    assert (error.code, error.message) == ("duplicate-revision", "revision a1 is in 2 files")
    assert [Path(line).name for line in error.details] == ["a.py", "copy.py"]


def test_a_circle_that_alembic_overlooks(tmp_path: Path) -> None:
    parents = {"a": None, "b": ("a", "c"), "c": "b", "d": "c"}
    files = {f"{n}.py": f"revision = {n!r}\ndown_revision = {p!r}\n" for n, p in parents.items()}
    root = project(tmp_path, files)
    assert alembic_heads(root) == ["d"]
    assert read(root, check=False).cycles == (("b", "c"),)


def test_names(tmp_path: Path) -> None:
    def one(name: str, *parents: str, label: str = "") -> RevisionSource:
        labels = (label,) if label else ()
        return RevisionSource(
            revision=name, down_revision=parents, branch_labels=labels, path=f"/{name}"
        )

    history = History([one("abcd1"), one("abcd2", "abcd1", label="shop"), one("xyz3", "abcd1")])
    assert [found.revision for found in history.get("shop")] == ["abcd2"]
    assert [found.revision for found in history.get("xy")] == ["xyz3"]
    assert [found.revision for found in history.get("heads")] == ["abcd2", "xyz3"]
    assert [found.revision for found in history.get("shop@head")] == ["abcd2"]
    assert history.get("base") == ()
    for name, code in {
        "abcd": "ambiguous-revision",
        "head": "several-heads",
        "no": "unknown-revision",
    }.items():
        with pytest.raises(MigrationError) as caught:
            history.get(name)
        assert caught.value.code == code


def test_a_database_at_an_unknown_revision() -> None:
    with pytest.raises(MigrationError) as caught:
        History([]).pending(["a1"])
    assert caught.value.code == "unknown-current"


INIS = {
    "spaces and commas of old": "version_locations = %(here)s/one, %(here)s/two",
    "space": "path_separator = space\nversion_locations = %(here)s/one %(here)s/two",
    "newline": "path_separator = newline\nversion_locations =\n  %(here)s/one\n  %(here)s/two",
    "os": "path_separator = os\nversion_locations = %(here)s/one:%(here)s/two",
    "colon": "path_separator = :\nversion_locations = %(here)s/one : %(here)s/two",
    "semicolon": "path_separator = ;\nversion_locations = %(here)s/one;%(here)s/two;",
    "the older name": "version_path_separator = ;\nversion_locations = %(here)s/one;%(here)s/two",
    "twice the same": "path_separator = :\nversion_locations = %(here)s/one:%(here)s/two:%(here)s/one",
    "not there": "path_separator = :\nversion_locations = %(here)s/one:%(here)s/two:%(here)s/three",
}


@pytest.mark.parametrize("ini", INIS)
def test_version_locations(ini: str, tmp_path: Path) -> None:
    options = f"script_location = %(here)s/migrations\n{INIS[ini]}"
    root = project(tmp_path, {"one/a.py": A, "two/b.py": B}, options)
    assert list(read(root).heads) == alembic_heads(root) == ["b2"]


def test_options_of_pyproject_toml_count_where_the_ini_file_has_none(tmp_path: Path) -> None:
    files = {"one/deep/a.py": A, "two/b.py": B}
    root = project(tmp_path, files, "sqlalchemy.url = x")
    (root / "pyproject.toml").write_text(
        '[tool.alembic]\nscript_location = "%(here)s/migrations"\nrecursive_version_locations = true\n'
        'version_locations = ["%(here)s/one", "%(here)s/two"]\n'
    )
    assert list(read(root).heads) == alembic_heads(root) == ["b2"]


def test_a_package_is_found_and_not_imported(tmp_path: Path) -> None:
    options = "script_location = shop_pkg.db:scripts\nprepend_sys_path = .\npath_separator = os"
    files = {
        "shop_pkg/__init__.py": "raise SystemExit",
        "shop_pkg/db/__init__.py": "raise SystemExit",
        "shop_pkg/db/scripts/versions/a.py": A,
    }
    root = project(tmp_path, files, options)
    assert read(root).heads == ("a1",)
    assert "shop_pkg" not in sys.modules


def test_files_that_are_no_revisions(tmp_path: Path) -> None:
    broken = "this is no Python ("
    skipped = (
        "__init__.py",
        "__init__x.py",
        ".#a.py",
        "a.py~",
        "a.txt",
        "sub/b.py",
        "__pycache__/c.py",
    )
    root = project(
        tmp_path, {"a.py": A, **{f"migrations/versions/{name}": broken for name in skipped}}
    )
    assert list(read(root).heads) == alembic_heads(root) == ["a1"]


def test_links_and_locations_within_each_other_count_once(tmp_path: Path) -> None:
    options = "script_location = %(here)s/migrations\npath_separator = :\nrecursive_version_locations = true\n"
    options += "version_locations = %(here)s/all:%(here)s/all/one"
    root = project(tmp_path, {"all/one/a.py": A, "elsewhere/b.py": B}, options)
    (root / "all" / "b.py").symlink_to(root / "elsewhere" / "b.py")
    (root / "all" / "again.py").symlink_to(root / "all" / "one" / "a.py")
    history = read(root)
    assert list(history.heads) == alembic_heads(root) == ["b2"]
    assert history.revisions["b2"].path == str(root / "elsewhere" / "b.py")
    (root / "elsewhere" / "b.py").unlink()
    assert read_error(root).message.endswith(
        "elsewhere/b.py cannot be read: No such file or directory"
    )


def test_compiled_files_are_asked_from_alembic(tmp_path: Path) -> None:
    import py_compile

    root = project(
        tmp_path, {"a.py": A, "b.py": B}, "script_location = %(here)s/migrations\nsourceless = true"
    )
    source = root / "migrations" / "versions" / "b.py"
    py_compile.compile(str(source), cfile=str(source) + "c")
    assert read(root).computed == ()
    source.unlink()
    history = read(root)
    assert list(history.heads) == alembic_heads(root) == ["b2"]
    assert history.computed == (f"{source}c",)


BAD_INIS = {
    "path_separator = x\nversion_locations = a": "alembic-config",
    "version_locations = %(nothing)s": "alembic-config",
    "script_location = %(here)s/nowhere": "no-scripts",
    "script_location = no_such_package_at_all:x": "alembic-config",
}


@pytest.mark.parametrize("ini", BAD_INIS)
def test_a_malformed_configuration(ini: str, tmp_path: Path) -> None:
    location = "" if "script_location" in ini else "script_location = %(here)s/migrations\n"
    root = project(tmp_path, {}, location + ini)
    with pytest.raises(SettingsError) as caught:
        read_locations(load_settings(root=root, environ={}))
    assert caught.value.code == BAD_INIS[ini]
    assert str(root / "alembic.ini") in caught.value.remedy


@pytest.mark.parametrize(
    "name",
    [
        "async_engine",
        "drift",
        "logistics",
        "many_locations",
        "no_revisions",
        "plain",
        "pyproject_toml",
        "several_heads",
    ],
)
def test_the_projects_of_the_tests(name: str) -> None:
    history = read(PROJECTS / name)
    config = Config(PROJECTS / name / "alembic.ini", toml_file=PROJECTS / name / "pyproject.toml")
    path = sys.path[:]
    try:
        script = ScriptDirectory.from_config(config)
        walked = [(one.revision, one.doc, one.path) for one in script.walk_revisions()]
    finally:
        sys.path[:] = path
    assert [(one.revision, one.message, one.path) for one in history.ordered()] == walked
    assert list(history.effective_heads) == script.get_heads(consider_depends_on=True)


def test_neither_alembic_nor_sqlalchemy_is_imported() -> None:
    code = f"""if True:
        import sys
        from pathlib import Path
        from dbtasks.revisions import read_history
        from dbtasks.settings import load_settings
        root = Path({str(PROJECTS / "plain")!r})
        history = read_history(load_settings(root=root, environ={{}}), cache=False)
        assert len(history) == 3
        print([name for name in ("alembic", "sqlalchemy", "mako") if name in sys.modules])
        """
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert done.stdout.strip() == "[]"


class Cached:
    """A project whose files are old enough to be cached, and what the reader has to parse again."""

    def __init__(self, root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.root = project(root, {"a1_x.py": A, "b2_x.py": B})
        self.file = root / ".dbtasks" / "revisions.json"
        self.versions = root / "migrations" / "versions"
        self.parsed: list[str] = []
        monkeypatch.setattr("dbtasks.revisions.cache._TICK_NS", 0)
        monkeypatch.setattr("dbtasks.revisions.file.parse", self._parse)

    def _parse(self, data: bytes, path: str) -> RevisionSource | None:
        self.parsed.append(Path(path).name)
        return parse(data, path)

    def read(self) -> tuple[tuple[str, ...], list[str]]:
        """Read; return the heads and which files were parsed."""
        self.parsed.clear()
        return read(self.root, cache=True).heads, sorted(self.parsed)


@pytest.fixture
def cached(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Cached:
    project_with_cache = Cached(tmp_path, monkeypatch)
    assert project_with_cache.read() == (("b2",), ["a1_x.py", "b2_x.py"])
    return project_with_cache


def test_a_second_reading_parses_nothing(cached: Cached) -> None:
    first = read(cached.root, cache=True).ordered()
    assert cached.read() == (("b2",), [])
    assert read(cached.root, cache=True).ordered() == read(cached.root).ordered() == first


def test_a_touched_file_is_parsed_again_alone(cached: Cached) -> None:
    os.utime(cached.versions / "b2_x.py", (1, 1))
    assert cached.read() == (("b2",), ["b2_x.py"])
    assert cached.read() == (("b2",), [])


def test_a_rewritten_file_of_the_same_size_and_time_is_parsed_again(cached: Cached) -> None:
    path = cached.versions / "b2_x.py"
    before = path.stat()
    path.write_text(B.replace("b2", "zz"))
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert (path.stat().st_size, path.stat().st_mtime_ns) == (before.st_size, before.st_mtime_ns)
    assert cached.read() == (("zz",), ["b2_x.py"])


def test_another_file_in_its_place_is_parsed_again(cached: Cached) -> None:
    draft = cached.root / "draft"
    draft.write_text(B.replace("b2", "zz"))
    draft.replace(cached.versions / "b2_x.py")
    assert cached.read() == (("zz",), ["b2_x.py"])


def test_a_removed_file_is_forgotten(cached: Cached) -> None:
    (cached.versions / "b2_x.py").unlink()
    assert cached.read() == (("a1",), [])
    assert "b2_x.py" not in cached.file.read_text()


def test_a_file_of_this_moment_is_not_cached(
    cached: Cached, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.undo()
    (cached.versions / "c3_x.py").write_text('revision = "c3"\ndown_revision = "b2"\n')
    assert read(cached.root, cache=True).heads == ("c3",)
    assert "c3_x.py" not in cached.file.read_text()


def _change(cached: Cached, change: Callable[[dict[str, Any]], object]) -> None:
    content = json.loads(cached.file.read_text())
    change(content)
    cached.file.write_text(json.dumps(content))


def _entries(content: dict[str, Any]) -> dict[str, list[Any]]:
    return next(iter(content["folders"].values()))


def _link(file: Path) -> None:
    file.replace(file.with_name("kept"))
    file.symlink_to(file.with_name("kept"))


def _make_folder(file: Path) -> None:
    file.unlink()
    file.mkdir()


DAMAGES: dict[str, Callable[[Cached], object]] = {
    "empty": lambda cached: cached.file.write_text(""),
    "truncated": lambda cached: os.truncate(cached.file, cached.file.stat().st_size // 2),
    "not UTF-8": lambda cached: cached.file.write_bytes(b"\xff\xfe\xfa"),
    "deep": lambda cached: cached.file.write_text("[" * 200_000),
    "a list": lambda cached: cached.file.write_text("[]"),
    "another version": lambda cached: _change(cached, lambda c: c["format"].__setitem__(0, 99)),
    "another interpreter": lambda cached: _change(
        cached, lambda c: c["format"].__setitem__(2, [2, 7])
    ),
    "folders of texts": lambda cached: _change(cached, lambda c: c.update(folders={"x": "y"})),
    "writable by others": lambda cached: cached.file.chmod(0o666),
    "a link": lambda cached: _link(cached.file),
    "a folder": lambda cached: _make_folder(cached.file),
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_cache_is_not_believed(cached: Cached, damage: str) -> None:
    DAMAGES[damage](cached)
    assert cached.read() == (("b2",), ["a1_x.py", "b2_x.py"])
    if damage != "a folder":
        assert cached.read() == (("b2",), [])


ENTRIES: dict[str, Callable[[list[Any]], object]] = {
    "too short": lambda entry: entry.pop(),
    "a number for an id": lambda entry: entry.__setitem__(4, 7),
    "a text for a list": lambda entry: entry.__setitem__(5, "a1"),
    "numbers for parents": lambda entry: entry.__setitem__(5, [1]),
    "a list for a message": lambda entry: entry.__setitem__(8, []),
    "of another inode": lambda entry: entry.__setitem__(1, 1),
}


@pytest.mark.parametrize("damage", ENTRIES)
def test_a_damaged_entry_is_not_believed(cached: Cached, damage: str) -> None:
    _change(cached, lambda content: ENTRIES[damage](_entries(content)["b2_x.py"]))
    assert cached.read() == (("b2",), ["b2_x.py"])
    assert cached.read() == (("b2",), [])


def test_without_a_folder_for_it_there_is_no_cache(cached: Cached) -> None:
    cached.file.unlink()
    (cached.root / ".dbtasks" / ".gitignore").unlink()
    (cached.root / ".dbtasks").rmdir()
    (cached.root / ".dbtasks").write_text("in the way")
    for _ in range(2):
        assert cached.read() == (("b2",), ["a1_x.py", "b2_x.py"])


def test_a_cache_is_replaced_whole_and_leaves_nothing_behind(cached: Cached) -> None:
    inode = cached.file.stat().st_ino
    os.utime(cached.versions / "b2_x.py", (1, 1))
    cached.read()
    assert cached.file.stat().st_ino != inode
    assert {path.name for path in cached.file.parent.iterdir()} == {".gitignore", "revisions.json"}


def test_computed_answers_are_not_cached(cached: Cached) -> None:
    (cached.versions / "b2_x.py").write_text(COMPUTED["a name"])
    for _ in range(2):
        assert cached.read() == (("b2",), ["b2_x.py"])
