"""Where the models' source defines a table or a column."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING, NamedTuple

from dbtasks.drift.model_syntax import called, parse, string, table_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path


_COLUMNS = frozenset({"Column", "mapped_column"})


class Line(NamedTuple):
    """A line of a file, counted from 1."""

    path: Path
    number: int


def find_line(files: Iterable[Path], table: str, column: str | None = None) -> Line | None:
    """Return where a column is defined, else where its table is; None if that cannot be told.

    Args:
        files: the files of the models.
        table: the table's name, with its schema if it has one.
        column: the column's name.
    """
    schema, _, name = table.rpartition(".")
    found = [(path, node) for path in files for node in _definitions(path, name)]
    if len(found) > 1:
        found = [(path, node) for path, node in found if _mentions(node, schema)]
    if len(found) != 1:
        return None
    path, node = found[0]
    return Line(path, _column_line(node, column) or node.lineno)


def _definitions(path: Path, name: str) -> Iterator[ast.ClassDef | ast.Call]:
    tree = parse(path)
    for node in ast.walk(tree) if tree is not None else ():
        match node:
            case ast.ClassDef() if table_of(node) == name:
                yield node
            case ast.Call(args=[first, _, *_]) if called(node) == "Table" and string(first) == name:
                yield node


def _mentions(node: ast.AST, schema: str) -> bool:
    """Tell whether a definition names a schema, or none if that is empty."""
    named = [
        value.value
        for one in ast.walk(node)
        for key, value in _pairs(one)
        if key == "schema" and isinstance(value, ast.Constant)
    ]
    return schema in named if schema else not named


def _pairs(node: ast.AST) -> Iterator[tuple[str | None, ast.expr]]:
    match node:
        case ast.keyword(arg=name, value=value):
            yield name, value
        case ast.Dict(keys=keys, values=values):
            for key, value in zip(keys, values, strict=True):
                if key is not None:
                    yield string(key), value


def _column_line(node: ast.ClassDef | ast.Call, column: str | None) -> int | None:
    lines: dict[str, int] = {}
    for name, value, line in _attributes(node):
        lines[_given_name(value) or name] = line
    return lines.get(column) if column is not None else None


def _attributes(node: ast.ClassDef | ast.Call) -> Iterator[tuple[str, ast.expr | None, int]]:
    """Yield the names, the values and the lines of what may be columns."""
    if isinstance(node, ast.Call):
        yield from (("", value, value.lineno) for value in node.args[2:])
        return
    for one in node.body:
        match one:
            case ast.Assign(targets=[ast.Name(id=name)], value=value):
                yield name, value, one.lineno
            case ast.AnnAssign(target=ast.Name(id=name), value=value):
                yield name, value, one.lineno


def _given_name(value: ast.expr | None) -> str | None:
    """Return the name that a call gives to its column, which counts for more than the attribute's."""
    if isinstance(value, ast.Call) and called(value) in _COLUMNS and value.args:
        return string(value.args[0])
    return None
