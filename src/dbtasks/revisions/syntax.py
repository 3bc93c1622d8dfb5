"""The module variables of a revision file, told from its syntax tree; nothing of it is run."""

from __future__ import annotations

import ast
import warnings
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

COMPUTED = object()
_DELETED = object()
_IDENTIFIERS = ("revision", "down_revision", "branch_labels", "depends_on")
_NAMES = (*_IDENTIFIERS, "__doc__")
# Wherever they are called, they can set any variable of the module.
_REACH_ALL = frozenset({"globals", "exec", "eval", "setattr", "__dict__", "modules"})
_REACH_THEIR_SCOPE = frozenset({"locals", "vars"})
_SCOPES = (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda, ast.ClassDef)


def read(data: bytes) -> dict[str, Any]:
    """Return the identifiers and the docstring of a revision file, `COMPUTED` for what is no literal.

    Raises:
        SyntaxError: the content is no Python; ValueError, RecursionError or MemoryError for the odd.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # about escapes in strings: they are for whoever runs it
        tree = ast.parse(data)
    found: dict[str, Any] = {}
    doc = ast.get_docstring(tree, clean=False)
    if doc is not None:
        found["__doc__"] = doc
    for statement in tree.body:
        for name, value in _bound(statement):
            if value is _DELETED:
                found.pop(name, None)
            else:
                found[name] = value
    for node in ast.walk(tree):
        if _reaches_all(node):
            return dict.fromkeys(_NAMES, COMPUTED)
        if isinstance(node, ast.Global):
            found.update((name, COMPUTED) for name in node.names if name in _NAMES)
    return found


def _bound(statement: ast.stmt) -> Iterator[tuple[str, Any]]:
    """Yield the names that a statement of the module sets, and to what."""
    targets: list[ast.expr] = []
    if isinstance(statement, ast.Assign):
        targets = statement.targets
    elif isinstance(statement, ast.AnnAssign):
        if statement.value is None:
            return
        targets = [statement.target]
    elif isinstance(statement, ast.Delete):
        for target in statement.targets:
            if isinstance(target, ast.Name) and target.id in _NAMES:
                yield target.id, _DELETED
        return
    if targets and all(isinstance(target, ast.Name) for target in targets):
        value = _literal(statement.value)  # type: ignore[attr-defined]
        assigned = [target.id for target in targets if isinstance(target, ast.Name)]
        yield from ((name, value) for name in assigned if name in _NAMES)
        if value is not COMPUTED:
            return
    for name in _set_within(statement):
        names = _IDENTIFIERS if name == "*" else (name,)
        yield from ((one, COMPUTED) for one in names if one in _NAMES)


def _literal(value: ast.expr) -> Any:
    try:
        return ast.literal_eval(value)
    except (ValueError, TypeError, MemoryError, RecursionError):
        return COMPUTED


def _set_within(node: ast.AST) -> Iterator[str]:
    """Yield every module variable that running a node may set, `*` for any of them."""
    todo = [node]
    while todo:
        one = todo.pop()
        yield from _names_set(one)
        if isinstance(one, _SCOPES):
            # Decorators, defaults and base classes run outside the new scope, and may hold `:=`.
            todo += [
                part
                for part in ast.iter_child_nodes(one)
                if isinstance(part, ast.expr | ast.arguments)
            ]
        else:
            todo += ast.iter_child_nodes(one)


def _names_set(node: ast.AST) -> Iterator[str]:
    if isinstance(node, ast.Name) and not isinstance(node.ctx, ast.Load):
        yield node.id
    elif isinstance(node, ast.alias):
        yield node.asname or node.name.partition(".")[0]
    elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
        yield "*" if node.name == "__getattr__" else node.name
    elif isinstance(node, ast.ExceptHandler | ast.MatchAs | ast.MatchStar):
        yield node.name or ""
    elif isinstance(node, ast.MatchMapping):
        yield node.rest or ""
    elif isinstance(node, ast.Name) and node.id in _REACH_THEIR_SCOPE:
        yield "*"


def _reaches_all(node: ast.AST) -> bool:
    """Tell whether a node mentions what can set any variable of the module behind our back."""
    if isinstance(node, ast.Name):
        return node.id in _REACH_ALL
    return isinstance(node, ast.Attribute) and node.attr in _REACH_ALL
