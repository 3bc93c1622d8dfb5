"""Two projects in one process, each with a package `app` and `.` on its path."""

from __future__ import annotations

import importlib
import sys
from typing import TYPE_CHECKING

import pytest

from dbtasks.environment.imports import imports_of

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def projects(tmp_path: Path) -> list[Path]:
    for name in ("one", "two"):
        (tmp_path / name / "dbtasks_app").mkdir(parents=True)
        (tmp_path / name / "dbtasks_app" / "__init__.py").write_text(f"NAME = {name!r}\n")
    return [tmp_path / "one", tmp_path / "two"]


def name_seen() -> str:
    if "." not in sys.path:
        sys.path.insert(0, ".")
    importlib.invalidate_caches()
    return str(importlib.import_module("dbtasks_app").NAME)


def test_each_project_sees_its_own_package_in_turn(projects: list[Path]) -> None:
    before = sys.path[:]
    seen = []
    for project in (*projects, *projects):
        with imports_of(project):
            seen.append(name_seen())
    assert seen == ["one", "two", "one", "two"]
    assert sys.path == before


def test_a_project_imports_its_modules_once(projects: list[Path]) -> None:
    modules = []
    for project in (projects[0], projects[0], projects[1], projects[0]):
        with imports_of(project):
            name_seen()
            modules.append(sys.modules["dbtasks_app"])
    assert modules[0] is modules[1] is modules[3]
    assert modules[2] is not modules[0]


def test_an_installed_package_is_left_alone(projects: list[Path]) -> None:
    for project in projects:
        with imports_of(project):
            seen = importlib.import_module("pytest")
        assert sys.modules["pytest"] is seen
