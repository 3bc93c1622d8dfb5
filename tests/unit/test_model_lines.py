"""Where the models' source defines what a difference is about."""

from __future__ import annotations

from pathlib import Path

import pytest

from dbtasks.drift.annotations import github_annotations
from dbtasks.drift.model_lines import find_line
from dbtasks.results import Difference

MODELS = """\
class Note(Base):
    __tablename__ = "note"

    id: Mapped[int] = mapped_column(primary_key=True)
    kind: Mapped[str] = mapped_column("sort", Text)
    body = Column(Text)


tag = Table(
    "tag",
    metadata,
    Column("id", Integer),
    Column("name", Text),
)


class Bill(Base):
    __tablename__ = "bill"
    __table_args__ = {"schema": "billing"}


class OldBill(Base):
    __tablename__ = "bill"
    __table_args__ = (Index("x"), {"schema": "archive"})


class Hero(SQLModel, table=True):
    name: str


one = Table("twice", metadata)
two = Table("twice", metadata)
"""


@pytest.fixture
def models(tmp_path: Path) -> Path:
    path = tmp_path / "shop" / "models.py"
    path.parent.mkdir()
    path.write_text(MODELS)
    return path


@pytest.mark.parametrize(
    ("table", "column", "expected"),
    [
        ("note", None, "class Note(Base):"),
        ("note", "body", "    body = Column(Text)"),
        ("note", "sort", '    kind: Mapped[str] = mapped_column("sort", Text)'),
        ("note", "of_a_mixin", "class Note(Base):"),
        ("tag", None, "tag = Table("),
        ("tag", "name", '    Column("name", Text),'),
        ("billing.bill", None, "class Bill(Base):"),
        ("archive.bill", None, "class OldBill(Base):"),
        ("hero", "name", "    name: str"),
    ],
)
def test_a_definition_is_found(models: Path, table: str, column: str | None, expected: str) -> None:
    found = find_line([models], table, column)
    assert found is not None
    assert MODELS.splitlines()[found.number - 1] == expected


@pytest.mark.parametrize("table", ["bill", "twice", "other"])
def test_a_definition_that_cannot_be_told_is_none(models: Path, table: str) -> None:
    assert find_line([models], table) is None


def test_annotations_name_the_line_of_the_model(models: Path, tmp_path: Path) -> None:
    found = [
        Difference(code="add_column", message="m", operation="", table="note", column="body"),
        Difference(code="add_index", message="m", operation="", table="elsewhere"),
    ]
    assert github_annotations(found, tmp_path, [models]) == (
        "::error file=shop/models.py,line=6,title=db.check%3A add_column::m\n"
        "::error title=db.check%3A add_index::m"
    )
