"""Revision files that do nothing but define: to run one changes nothing that a comparison sees.

Others may import models, and so add tables to the metadata, or register something with Alembic or
SQLAlchemy.
"""

from __future__ import annotations

import ast
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from dbtasks.revisions.history import History

_THIRD_PARTIES = frozenset({"alembic", "sqlalchemy"})
# Of the standard library what certainly is imported before any revision, by Alembic and SQLAlchemy:
# of another module's name a project may have a file of its own, which its path puts first.
# fmt: off
STANDARD = frozenset({
    "__future__", "abc", "base64", "collections", "contextlib", "copy", "dataclasses",
    "datetime", "decimal", "enum", "functools", "hashlib", "itertools", "json",
    "logging", "math", "operator", "os", "pathlib", "random", "re",
    "string", "textwrap", "time", "types", "typing", "uuid", "warnings",
})
# fmt: on
_TYPES = frozenset({"sqlalchemy", "uuid", "datetime", "decimal"})
_REGISTERING = frozenset({"event", "events", "inspection", "registry"})


def are_plain(history: History) -> bool:
    """Tell whether every file of a history is certain to do nothing but define; each is read.

    With `depends_on` it is Alembic that knows what its heads are.
    """
    return not history.computed and all(
        not one.depends_on and is_plain(Path(one.path).read_bytes()) for one in history.files
    )


def is_plain(source: bytes) -> bool:
    """Tell whether a module certainly does nothing but define functions, classes and plain values.

    It imports Alembic, SQLAlchemy and parts of the standard library only, and calls nothing but what makes a
    type, a column or the like.
    """
    try:
        body = ast.parse(source).body
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return False
    return _Reader().are_plain(body)


class _Reader:
    """The statements of one module, in order: names that may be called, and names of Alembic's."""

    def __init__(self) -> None:
        self._types: set[str] = set()
        self._alembic: set[str] = set()

    def are_plain(self, body: Iterable[ast.stmt]) -> bool:
        return all(self._is_plain(one) for one in body)

    def _is_plain(self, node: ast.stmt) -> bool:
        match node:
            case ast.Pass() | ast.Expr(value=ast.Constant()):
                return True
            case ast.Import(names=names):
                return all(self._may_import(one.name, one.asname) for one in names)
            case ast.ImportFrom(module=str(module), names=names, level=0):
                return all(
                    one.name != "*" and self._may_import(module, one.asname or one.name, one.name)
                    for one in names
                )
            case ast.FunctionDef(decorator_list=[]) | ast.AsyncFunctionDef(decorator_list=[]):
                return self._are_values(_evaluated(node))
            case ast.ClassDef(decorator_list=[], keywords=[], bases=bases, body=body):
                # A class of Alembic's may register those that are made of it.
                extends = {_root(base) for base in bases} & self._alembic
                return not extends and self._are_values(bases) and self.are_plain(body)
            case ast.Assign(targets=targets, value=value):
                return all(isinstance(one, ast.Name) for one in targets) and self._are_values(
                    [value]
                )
            case ast.AnnAssign(target=ast.Name(), annotation=annotation, value=value):
                return self._are_values([annotation, *filter(None, [value])])
        return False

    def _may_import(self, module: str, known_as: str | None, part: str = "") -> bool:
        """Tell whether an import is of what is no project's; note what may be called of it."""
        top, *inner = module.split(".")
        if _REGISTERING.intersection((*inner, part)) or top not in _THIRD_PARTIES | STANDARD:
            return False
        if top in _TYPES:
            self._types.add(known_as or top)
        if top == "alembic":
            self._alembic.add(known_as or top)
        return True

    def _are_values(self, expressions: Iterable[ast.expr]) -> bool:
        return all(
            self._is_value(node) for expression in expressions for node in ast.walk(expression)
        )

    def _is_value(self, node: ast.AST) -> bool:
        match node:
            case ast.Call(func=func):
                return _root(func) in self._types
            case ast.Attribute(attr=attr):
                return attr not in _REGISTERING and not attr.startswith("__")
            case ast.NamedExpr() | ast.Await() | ast.Yield() | ast.YieldFrom():
                return False
        return True


def _evaluated(node: ast.FunctionDef | ast.AsyncFunctionDef) -> list[ast.expr]:
    """Return what of a function is evaluated where it is defined: defaults and annotations."""
    given = node.args
    named = [*given.posonlyargs, *given.args, *given.kwonlyargs, given.vararg, given.kwarg]
    annotations = [one.annotation for one in named if one is not None]
    maybe = [*given.defaults, *given.kw_defaults, *annotations, node.returns]
    return [one for one in maybe if one is not None]


def _root(expression: ast.expr) -> str:
    """Return the name that a dotted one begins with, empty if it is none."""
    while isinstance(expression, ast.Attribute):
        expression = expression.value
    return expression.id if isinstance(expression, ast.Name) else ""
