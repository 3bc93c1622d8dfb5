"""How models are written in Python: classes with a table name, calls of `Table` and of columns."""

from __future__ import annotations

import ast
import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

# Without one of these words a file has no table and no base; a name may be spelled in other letters.
_TELLING = re.compile(rb"[Tt]able|DeclarativeBase|MetaData|declarative_base|[^\0-\x7f]")


def assignments(body: Iterable[ast.stmt]) -> Iterator[tuple[str, ast.expr]]:
    """Yield the names that a body gives values to, and those."""
    for node in body:
        match node:
            case ast.Assign(targets=[ast.Name(id=name)], value=value):
                yield name, value
            case ast.AnnAssign(target=ast.Name(id=name), value=ast.expr() as value):
                yield name, value


def parse(path: Path) -> ast.Module | None:
    """Return what a file says, None if it cannot be parsed, or names nothing that a table comes from."""
    try:
        source = path.read_bytes()
        return ast.parse(source, str(path)) if _TELLING.search(source) else None
    except (OSError, SyntaxError, ValueError):
        return None


def table_of(node: ast.ClassDef) -> str | None:
    """Return the class's table, empty if its name is computed, None if it has none."""
    for name, value in assignments(node.body):
        if name == "__tablename__":
            return string(value) or ""
        if name == "__abstract__":
            return None
    for keyword in node.keywords:  # SQLModel
        if keyword.arg == "table" and getattr(keyword.value, "value", None) is True:
            return node.name.lower()
    return None


def called(node: ast.Call) -> str:
    """Return the last name of what is called, empty if it has none."""
    return last_name(node.func)


def last_name(node: ast.expr) -> str:
    """Return `C` of `C` and of `a.b.C`, empty for anything else."""
    match node:
        case ast.Name(id=name) | ast.Attribute(attr=name):
            return name
    return ""


def string(node: ast.expr) -> str | None:
    """Return a text that is written out, None for anything else."""
    return node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else None
