"""Findings that need no database, accepted drift, and annotations."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from dbtasks.drift.accepted import Accepted, read_accepted, without_accepted
from dbtasks.drift.annotations import github_annotations
from dbtasks.drift.findings import of_history
from dbtasks.drift.model_files import ModelFile, not_imported, read_models, resolved
from dbtasks.errors import SettingsError
from dbtasks.results import Difference
from dbtasks.revisions import read_history

if TYPE_CHECKING:
    from conftest import MakeSettings

FOUND = Difference(code="add_column", message="column a.b is new", operation="op.add_column(...)")
REVISION = "revision = {!r}\ndown_revision = {!r}\n"


def test_long_ids_and_several_heads_are_found(tmp_path: Path, make_settings: MakeSettings) -> None:
    versions = tmp_path / "migrations" / "versions"
    versions.mkdir(parents=True)
    (tmp_path / "alembic.ini").write_text("[alembic]\nscript_location = migrations\n")
    long = "a" * 33
    for revision, parent in (("1", None), ("b" * 32, "1"), (long, "1")):
        (versions / f"{revision}.py").write_text(REVISION.format(revision, parent))
    heads = f"{'b' * 32}, {long}"
    found = of_history(read_history(make_settings(tmp_path)))
    assert [one.code for one in found] == ["long-revision-id", "several-heads"]
    assert found[0].message == (
        f"revision {long} has an id of 33 characters, and the version table takes 32; shorten it"
    )
    assert set(found[1].message.partition(": ")[2].partition(";")[0].split(", ")) == set(
        heads.split(", ")
    )


@pytest.mark.parametrize(
    ("source", "tables", "classes"),
    [
        ("class A(Base):\n    __tablename__ = 'a'\n", ("a",), ()),
        ("class A(Base):\n    __tablename__: str = 'a'\n", ("a",), ()),
        ("class A(Base):\n    __tablename__ = NAME\n", (), ("A",)),
        ("a = sa.Table('a', metadata)\n", ("a",), ()),
        ("class Hero(SQLModel, table=True):\n    pass\n", ("hero",), ()),
        ("class A(Base):\n    __abstract__ = True\n    __tablename__ = 'a'\n", (), ()),
        ("table = Table('no metadata')\n", (), ()),
        ("revision = '1'\ndown_revision = None\nt = sa.Table('a', meta)\n", (), ()),
        ("def broken(:\n", (), ()),
    ],
)
def test_models_are_read_as_source(
    tmp_path: Path, source: str, tables: tuple[str, ...], classes: tuple[str, ...]
) -> None:
    path = tmp_path / "models.py"
    path.write_text(source)
    assert read_models(path) == ModelFile(path=path, tables=tables, classes=classes)


def test_only_models_beside_the_imported_ones_are_missed(tmp_path: Path) -> None:
    for name, table in {
        "app/models/user.py": "user",
        "app/models/order.py": "order",
        "app/models/known.py": "known",
        "app/models/tests/fakes.py": "fake",
        "app/models/test_models.py": "fake",
        "tool/models.py": "other",
    }.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"class A(Base):\n    __tablename__ = {table!r}\n")
    found = not_imported([tmp_path / "app/models/user.py"], ["user", "known"], tmp_path)
    assert [(one.path.name, one.tables) for one in found] == [("order.py", ("order",))]


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("[[accepted]]\ncode = 'a'\nmessage = 'b'\n", "entry 1 has no reason"),
        ("[[accepted]]\nreason = 'a'\nmessage = 'b'\n", "entry 1 has no code"),
        ("[[accepted]]\ncode = 'a'\nreason = 'b'\n", "entry 1 has neither message nor operation"),
        (
            "[[accepted]]\ncode = 'a'\nmessage = 'b'\nreason = ' '\n",
            "entry 1 has a reason that is no text",
        ),
        ("[[accepted]]\ncod = 'a'\n", "entry 1 has the unknown key cod"),
        ("[[accept]]\ncode = 'a'\n", "has accept where only [[accepted]] may be"),
    ],
)
def test_malformed_acceptance_is_an_error(tmp_path: Path, text: str, problem: str) -> None:
    path = tmp_path / "accepted_drift.toml"
    path.write_text(text)
    with pytest.raises(SettingsError) as caught:
        read_accepted(path)
    assert (caught.value.message, caught.value.code) == (f"{path}: {problem}", "accepted-drift")


def test_acceptance_matches_by_message_and_operation(tmp_path: Path) -> None:
    path = tmp_path / "accepted_drift.toml"
    assert read_accepted(path) == ()
    by_operation = Accepted(code=FOUND.code, operation=FOUND.operation, reason="so")
    assert without_accepted([FOUND], [by_operation], path) == ()
    other = Accepted(code=FOUND.code, operation=FOUND.operation, message="other", reason="so")
    assert [one.code for one in without_accepted([FOUND], [other], path)] == [
        "add_column",
        "stale-acceptance",
    ]


def test_annotations_are_escaped_and_name_the_file(tmp_path: Path) -> None:
    found = Difference(code="a,b", message="100%\nsure", operation="")
    model = Difference(
        code="c", message="d", operation="", path=str(tmp_path / "app" / "a,model.py")
    )
    assert github_annotations([FOUND, found, model], tmp_path) == (
        "::error title=db.check%3A add_column::column a.b is new%0Aop.add_column(...)\n"
        "::error title=db.check%3A a%2Cb::100%25%0Asure\n"
        "::error file=app/a%2Cmodel.py,title=db.check%3A c::d"
    )


def test_paths_are_resolved_as_python_resolves_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "real/inner").mkdir(parents=True)
    (tmp_path / "real/inner/one.py").touch()
    (tmp_path / "real/two.py").symlink_to("inner/one.py")
    (tmp_path / "folder").symlink_to("real/inner")
    monkeypatch.chdir(tmp_path)
    paths = [
        *(tmp_path / name for name in ("real/inner/one.py", "real/two.py", "folder/one.py")),
        *(tmp_path / name for name in ("folder/../two.py", "gone/three.py", "folder/..", ".")),
        *(Path(name) for name in ("real/two.py", "four.py", "../five.py", ".", "/", "/six.py")),
    ]
    assert [*resolved(map(str, paths))] == [str(path.resolve()) for path in paths]
