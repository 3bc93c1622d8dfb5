"""The parent of a revision, rewritten in its file: not a byte more than that is touched."""

from __future__ import annotations

import ast
import io
import re
import tokenize
import warnings
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from dbtasks.errors import MigrationError
from dbtasks.revisions.change import Change, told
from dbtasks.revisions.file import parse

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dbtasks.revisions.source import RevisionSource

_NAME = "down_revision"
_LINES = re.compile(r"[^\r\n]*(?:\r\n|\r|\n|\Z)")
_STRING = re.compile(r"([rRuU]?)('''|\"\"\"|'|\")(.*)\2", re.DOTALL)
_REVISES = re.compile(r"^([ \t]*Revises:)([ \t]*)([^\r\n]*?)(?=[ \t]*$)", re.MULTILINE)


def reparent(one: RevisionSource, parent: str) -> Change:
    """Return the change that lets a revision follow another one.

    Raises:
        MigrationError: the file cannot be read, or says its parent in a way to be edited by hand.
    """
    path = Path(one.path)
    with told(path):
        before = path.read_bytes()
    found = parse(before, one.path)
    if found is None:
        raise _by_hand(path, parent, _reason(before, path) or "computes its identifiers")
    if found != one:
        raise MigrationError(
            f"{path} was changed while it was read", remedy="run this again", code="file-changed"
        )
    after = _rewritten(before, path, one, parent)
    expected = replace(one, down_revision=(parent,))
    again = parse(after, one.path)
    if again is None or replace(again, message=one.message) != expected:
        raise _by_hand(path, parent, f"sets {_NAME} in a way that could not be followed")
    return Change(path=path, before=before, after=after)


def _rewritten(before: bytes, path: Path, one: RevisionSource, parent: str) -> bytes:
    encoding, text = _decoded(before, path)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        tree = ast.parse(text)
    value = _value(tree)
    source = _Source(text)
    reason = _unclear(value, source)
    if value is None or reason:
        raise _by_hand(path, parent, reason)
    edits = [(*source.span(value), _quoted(parent, _style(tree, value, source)))]
    edits += _revises(tree, source, one, parent)
    for start, end, new in sorted(edits, reverse=True):
        text = text[:start] + new + text[end:]
    try:
        return text.encode(encoding)
    except UnicodeEncodeError as error:
        raise _by_hand(path, parent, f"is in {encoding}, which cannot hold {parent}") from error


def _decoded(data: bytes, path: Path) -> tuple[str, str]:
    encoding, _ = tokenize.detect_encoding(io.BytesIO(data).readline)
    try:
        return encoding, data.decode(encoding)
    except UnicodeDecodeError as error:  # Python 3.11 minds no odd byte in a comment
        line = data.count(b"\n", 0, error.start) + 1
        raise MigrationError(
            f"{path} is not {encoding.upper()} in line {line}; nothing was changed",
            remedy=f"save the file as {encoding.upper()}, then run this again",
            code="broken-file",
        ) from error


class _Source:
    """A source text, and where the nodes of its syntax tree are in it."""

    def __init__(self, text: str) -> None:
        self.text = text
        # Not splitlines(): a form feed or U+2028 ends no line of Python.
        self._lines = [found[0] for found in _LINES.finditer(text)]
        self._starts = [0]
        for line in self._lines:
            self._starts.append(self._starts[-1] + len(line))

    def span(self, node: ast.expr) -> tuple[int, int]:
        assert node.end_lineno is not None
        assert node.end_col_offset is not None
        return self._at(node.lineno, node.col_offset), self._at(
            node.end_lineno, node.end_col_offset
        )

    def _at(self, line: int, column: int) -> int:
        # The columns of the syntax tree count bytes of UTF-8.
        before = self._lines[line - 1].encode()[:column].decode()
        return self._starts[line - 1] + len(before)

    def of(self, node: ast.expr) -> str:
        start, end = self.span(node)
        return self.text[start:end]


def _value(tree: ast.Module) -> ast.expr | None:
    """Return what is assigned to `down_revision`, if just one statement of the module does that."""
    found = []
    for statement in tree.body:
        targets: list[ast.expr] = []
        if isinstance(statement, ast.Assign):
            targets = statement.targets
        elif isinstance(statement, ast.AnnAssign) and statement.value is not None:
            targets = [statement.target]
        if any(isinstance(target, ast.Name) and target.id == _NAME for target in targets):
            if len(targets) > 1:
                return None
            found.append(statement.value)  # type: ignore[attr-defined]
    return found[0] if len(found) == 1 else None


def _reason(data: bytes, path: Path) -> str:
    """Say why a file's parent cannot be rewritten; empty when that is not its fault."""
    _, text = _decoded(data, path)
    tree = ast.parse(text)
    return _unclear(_value(tree), _Source(text))


def _unclear(value: ast.expr | None, source: _Source) -> str:
    if value is None:
        return f"does not set {_NAME} in one plain statement"
    if isinstance(value, ast.List | ast.Tuple | ast.Set):
        return f"has a {type(value).__name__.lower()} as {_NAME}"
    if isinstance(value, ast.Name):
        return f"takes {_NAME} from the name {value.id}"
    if not isinstance(value, ast.Constant):
        return f"computes {_NAME}"
    if isinstance(value.value, str):
        text = source.of(value)
        tokens = [*tokenize.generate_tokens(io.StringIO(f"({text})").readline)]
        if len([one for one in tokens if one.type == tokenize.STRING]) != 1:
            return f"puts {_NAME} together from several strings"
    return ""


def _style(tree: ast.Module, value: ast.expr, source: _Source) -> tuple[str, str]:
    """Return the prefix and the quotes of the old parent; of a base, those of its `revision`."""
    candidates = [value]
    for statement in tree.body:
        if isinstance(statement, ast.Assign | ast.AnnAssign) and statement.value is not None:
            targets = statement.targets if isinstance(statement, ast.Assign) else [statement.target]
            if any(isinstance(one, ast.Name) and one.id == "revision" for one in targets):
                candidates.append(statement.value)
    for one in candidates:
        found = _STRING.fullmatch(source.of(one))
        if found is not None:
            return (found[1], found[2]) if one is value else ("", found[2][:1])
    return "", '"'


def _quoted(parent: str, style: tuple[str, str]) -> str:
    prefix, quotes = style
    if re.search(r"[\\'\"\r\n\0]", parent):
        return repr(parent)
    return f"{prefix}{quotes}{parent}{quotes}"


def _revises(
    tree: ast.Module, source: _Source, one: RevisionSource, parent: str
) -> Iterator[tuple[int, int, str]]:
    """Yield the edit of the docstring's `Revises:` line, if it says the old parent or nothing."""
    if ast.get_docstring(tree, clean=False) is None:
        return
    statement = tree.body[0]
    assert isinstance(statement, ast.Expr)
    text = _STRING.fullmatch(source.of(statement.value))
    if text is None or re.search(r"[\\'\"\r\n]", parent):
        return
    inner = source.span(statement.value)[0] + text.start(3)
    content = text[3].replace("\r\n", "\n\n").replace("\r", "\n")  # as long as it was
    found = _REVISES.search(content)
    if found is None:
        return
    old = one.down_revision[0] if one.down_revision else ""
    start, end = inner + found.start(3), inner + found.end(3)
    if found[3] in {old, "", "None", "<base>"}:
        gap = "" if found[2] else " "
        yield start, end, gap + parent
        return
    mention = re.search(rf"(?<![\w.]){re.escape(old)}(?![\w.])", found[3]) if old else None
    if mention is not None:
        yield start + mention.start(), start + mention.end(), parent


def _by_hand(path: Path, parent: str, reason: str) -> MigrationError:
    return MigrationError(
        f"{path} {reason}; nothing was changed",
        remedy=f"edit {path} by hand: let {_NAME} be {parent!r}",
        code="edit-by-hand",
    )
