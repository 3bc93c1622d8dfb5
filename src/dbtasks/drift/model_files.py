"""Models that nobody imported: modules beside the imported ones whose source defines tables."""

from __future__ import annotations

import ast
import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from dbtasks.drift.model_syntax import assignments, called, last_name, parse, string, table_of

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator

_BASES = frozenset({"DeclarativeBase", "DeclarativeBaseNoMeta", "MetaData", "declarative_base"})
_SKIPPED = frozenset({"node_modules", "site-packages", "test", "tests", "venv"})


@dataclass(frozen=True, kw_only=True)
class ModelFile:
    """A module that defines tables; a name that is computed is shown as the class it belongs to."""

    path: Path
    tables: tuple[str, ...]
    classes: tuple[str, ...]

    @property
    def names(self) -> tuple[str, ...]:
        """The tables, and the classes whose tables have computed names."""
        return (*self.tables, *self.classes)


def not_imported(
    imported: Iterable[str | Path], known_tables: Collection[str], root: Path
) -> tuple[ModelFile, ...]:
    """Return the modules below the models' folder that define tables nobody knows of.

    Args:
        imported: the files of all modules that are imported; those outside `root` do not matter.
        known_tables: the names in the metadata, without schemas.
        root: the project's folder. Models directly in it are looked for beside them only.
    """
    names = (os.fspath(path) for path in imported)
    files = set(resolved(name for name in names if name.endswith(".py")))
    top = root.resolve()
    inside = [Path(path) for path in files if path.startswith(os.path.join(top, ""))]  # noqa: PTH118
    models = [path for path in inside if not _skipped(path, root) and _defines(path)]
    if not models:
        return ()
    folder = Path(os.path.commonpath([path.parent for path in models]))
    candidates = folder.glob("*.py") if folder == root.resolve() else folder.rglob("*.py")
    found = []
    for path in sorted(candidates):
        if str(path) not in files and not _skipped(path, folder):
            model = read_models(path)
            if model.classes or set(model.tables) - set(known_tables):
                found.append(model)
    return tuple(found)


def resolved(paths: Iterable[str]) -> Iterator[str]:
    """Yield what `Path.resolve` gives, of hundreds of files in few folders."""
    folders: dict[str, str] = {}
    for path in paths:
        folder, name = os.path.split(path)
        if name in {"", ".", ".."} or os.path.islink(path):  # noqa: PTH114
            yield os.path.realpath(path)
            continue
        if folder not in folders:
            folders[folder] = os.path.join(os.path.realpath(folder), "")  # noqa: PTH118
        yield folders[folder] + name


def read_models(path: Path) -> ModelFile:
    """Return what tables a file defines; a file that cannot be parsed, or is a revision, none."""
    tree = parse(path)
    return ModelFile(path=path, tables=(), classes=()) if tree is None else _models(path, tree)


def _models(path: Path, tree: ast.Module) -> ModelFile:
    tables: list[str] = []
    classes: list[str] = []
    if not _is_revision(tree):
        for node in ast.walk(tree):
            if isinstance(node, ast.ClassDef):
                name = table_of(node)
                if name is not None:
                    (tables if name else classes).append(name or node.name)
            elif isinstance(node, ast.Call) and called(node) == "Table" and len(node.args) > 1:
                name = string(node.args[0])
                if name:
                    tables.append(name)
    return ModelFile(path=path, tables=tuple(tables), classes=tuple(classes))


def _defines(path: Path) -> bool:
    """Tell whether a module defines tables, or the metadata or base class that tables belong to."""
    tree = parse(path)
    if tree is None:
        return False
    return bool(_models(path, tree).names) or any(
        (isinstance(node, ast.Call) and called(node) in _BASES)
        or (
            isinstance(node, ast.ClassDef) and any(last_name(base) in _BASES for base in node.bases)
        )
        for node in ast.walk(tree)
    )


def _is_revision(tree: ast.Module) -> bool:
    names = {name for name, _ in assignments(tree.body)}
    return {"revision", "down_revision"} <= names


def _skipped(path: Path, root: Path) -> bool:
    parts = path.relative_to(root.resolve()).parts
    return (
        any(part in _SKIPPED or part.startswith(".") for part in parts[:-1])
        or path.name.startswith("test_")
        or path.name in {"conftest.py", "env.py"}
    )
