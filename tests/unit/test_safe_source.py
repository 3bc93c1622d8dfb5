"""What dbtasks' own source never does: run a shell, run data as code, put a value into SQL as text."""

from __future__ import annotations

import ast
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

import dbtasks

if TYPE_CHECKING:
    from collections.abc import Iterator

SOURCE = Path(dbtasks.__file__).parent
FILES = sorted(SOURCE.rglob("*.py"))
_VARIANTS = ("l", "le", "lp", "lpe", "v", "ve", "vp", "vpe")
# Modules that run data as code, or a shell; PyYAML's own loader does.
MODULES = {"code", "dill", "marshal", "pickle", "pty", "runpy", "shelve", "yaml"}
CALLS = {
    *("eval", "exec", "__import__", "os.system", "os.popen"),
    *("subprocess.getoutput", "subprocess.getstatusoutput"),
    *(f"os.{verb}{variant}" for verb in ("exec", "spawn") for variant in _VARIANTS),
}
# Ways to run a file of a project: Alembic alone goes them.
IMPORTERS = ("spec_from_file_location", "SourceFileLoader", "module_from_spec", "exec_module")
PROCESSES = {"subprocess.run", "subprocess.Popen", "subprocess.check_output", "subprocess.call"}
# What takes a statement, or a part of one.
TAKE_SQL = {
    "execute",
    "executemany",
    "exec_driver_sql",
    "send_query",
    "scalar",
    "scalars",
    "SQL",
    "text",
}
# Statements put together as text: from names that SQLAlchemy's preparer or PostgreSQL itself has quoted.
QUOTED = {
    ("drift/definitions.py", "CREATE TEMPORARY TABLE {quote(table.name)} (LIKE {real})"),
    ("drift/definitions.py", "DROP TABLE IF EXISTS {shadow}"),
    ("drift/definitions.py", "ALTER TABLE {shadow} ADD CONSTRAINT {quote(name)} {definition}"),
    ("drift/definitions.py", "CREATE INDEX {quote(name)} ON {shadow} {definition}"),
}


def calls(tree: ast.AST) -> Iterator[tuple[str, ast.Call]]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            yield ast.unparse(node.func), node


def forbidden(tree: ast.Module) -> Iterator[str]:
    """Yield what a file imports and calls that it must not."""
    for node in ast.walk(tree):
        names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
        names += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
        yield from (f"imports {name}" for name in names if name.partition(".")[0] in MODULES)
    for name, call in calls(tree):
        if name in CALLS or name.endswith(IMPORTERS):
            yield f"calls {name}"
        if any(keyword.arg == "shell" for keyword in call.keywords):
            yield f"calls {name} with shell="
        if name in PROCESSES and is_text(call.args[0]):
            yield f"calls {name} with a text"


def statements(tree: ast.Module) -> Iterator[str]:
    """Yield the texts put together of parts that are handed over as SQL, or are part of one."""
    assigned: dict[str, list[ast.expr]] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
            assigned.setdefault(node.targets[0].id, []).append(node.value)
    for name, call in calls(tree):
        if name.rpartition(".")[2] in TAKE_SQL and call.args:
            given = call.args[0]
            for value in [
                given,
                *(assigned.get(given.id, []) if isinstance(given, ast.Name) else []),
            ]:
                yield from put_together(value)


def put_together(node: ast.expr) -> Iterator[str]:
    """Yield a text that is put together from parts which are no constants."""
    if isinstance(node, ast.JoinedStr):
        if not all(is_constant(part) for part in node.values):
            yield ast.unparse(node)[2:-1]
    elif isinstance(node, ast.IfExp):
        yield from put_together(node.body)
        yield from put_together(node.orelse)
    elif isinstance(node, ast.BinOp) and isinstance(node.op, (ast.Mod, ast.Add)):
        if is_text(node.left) or is_text(node.right):
            yield ast.unparse(node)
    elif isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
        if node.func.attr == "encode":
            yield from put_together(node.func.value)
        elif node.func.attr in {"format", "format_map", "join"} and is_text(node.func.value):
            yield ast.unparse(node)


def is_constant(node: ast.expr) -> bool:
    """Tell whether a part of an f-string is text, or a constant of the module."""
    if isinstance(node, ast.FormattedValue):
        return isinstance(node.value, ast.Name) and node.value.id.isupper()
    return isinstance(node, ast.Constant)


def is_text(node: ast.expr) -> bool:
    if isinstance(node, ast.BinOp):
        return is_text(node.left) or is_text(node.right)
    return isinstance(node, ast.JoinedStr) or (
        isinstance(node, ast.Constant) and isinstance(node.value, str)
    )


@pytest.fixture(scope="module")
def trees() -> dict[str, ast.Module]:
    return {
        path.relative_to(SOURCE).as_posix(): ast.parse(path.read_text(encoding="utf-8"))
        for path in FILES
    }


def test_no_shell_and_no_data_run_as_code(trees: dict[str, ast.Module]) -> None:
    assert len(trees) > 100
    found = {name: list(forbidden(tree)) for name, tree in trees.items()}
    assert {name: what for name, what in found.items() if what} == {}


def test_sql_is_composed(trees: dict[str, ast.Module]) -> None:
    found = {(name, text) for name, tree in trees.items() for text in statements(tree)}
    assert found == QUOTED


@pytest.mark.parametrize(
    ("source", "found"),
    [
        ("import yaml", ["imports yaml"]),
        ("from pickle import load", ["imports pickle"]),
        ("eval(x)", ["calls eval"]),
        ("import os; os.system('ls')", ["calls os.system"]),
        ("subprocess.run(['ls'], shell=True)", ["calls subprocess.run with shell="]),
        ("subprocess.run(f'ls {x}')", ["calls subprocess.run with a text"]),
        ("spec.loader.exec_module(m)", ["calls spec.loader.exec_module"]),
        ("subprocess.run(['ls'])", []),
    ],
)
def test_what_is_forbidden_is_found(source: str, found: list[str]) -> None:
    assert list(forbidden(ast.parse(source))) == found


@pytest.mark.parametrize(
    ("source", "found"),
    [
        ("c.execute(f'DROP {x}')", ["DROP {x}"]),
        ("c.execute('DROP %s' % x)", ["'DROP %s' % x"]),
        ("c.execute('DROP ' + x + ';')", ["'DROP ' + x + ';'"]),
        ("c.execute('DROP {}'.format(x).encode())", ["'DROP {}'.format(x)"]),
        ("text = f'DROP {x}'\nc.execute(text)", ["DROP {x}"]),
        ("sql.SQL('a' if y else f'{x}')", ["{x}"]),
        ("c.execute('SELECT %s', [x])", []),
        ("c.execute(sql.SQL('DROP {}').format(sql.Identifier(x)))", []),
    ],
)
def test_what_is_put_together_is_found(source: str, found: list[str]) -> None:
    assert list(statements(ast.parse(source))) == found
