"""One revision file, read as source: its identifiers without running it.

The first lines of a usual file are read with a pattern; whatever that pattern is not certain of is
parsed as Python, and where a file computes its identifiers the answer is that only Python can tell.
"""

from __future__ import annotations

import re
import sys
from typing import Any

from dbtasks.errors import MigrationError
from dbtasks.revisions.source import RevisionSource

_NAMES = ("revision", "down_revision", "branch_labels", "depends_on")
_LEGACY_NAME = re.compile(r"([a-f0-9]+)\.py$")
_ILLEGAL = "@-+:"
_ANOTHER_ID = "give it another id, also in the down_revision of what follows it"

_TEXT = r"""(?:"[^"\\\n]*"|'[^'\\\n]*')"""
_TEXTS = rf"(?:\s*+{_TEXT}\s*+,)*+"
_WORDS = r"\b(?:revision|down_revision|branch_labels|depends_on)\b"
_START = re.compile(r'(?:[ \t]*+(?:#[^\n]*+)?\n)*+(?:("""|\'\'\')([^\\]*?)\1[ \t]*+\n)?')
_SKIP = re.compile(
    rf"""(?: [ \t]*+ (?:\#[^\n]*+)? \n
          | (?:import|from) [ \t]++ (?![^\n]*{_WORDS})
            (?: [\w., \t]++ | [\w. \t]++ \( (?: (?!{_WORDS}) [\w,\s] )*+ \) [ \t]*+ )
            (?:\#[^\n]*+)? \n
        )*+""",
    re.VERBOSE,
)
_ASSIGNMENT = re.compile(
    rf"""(revision|down_revision|branch_labels|depends_on)
         (?:[ ]*:[\w\[\]|,."' ]*+)? [ ]*+ = [ ]*+
         (?: (None) | ({_TEXT}) | \( ({_TEXTS} \s*+ {_TEXT}? \s*+) \) | \[ ({_TEXTS} \s*+ {_TEXT}? \s*+) \] )
         [ \t]*+ (?:\#[^\n]*+)? (?:\n|\Z)""",
    re.VERBOSE,
)
_ITEM = re.compile(_TEXT)
_DATE = re.compile(r"^Create Date:[ \t]*(\S.*?)[ \t]*$", re.MULTILINE)
_COOKIE = re.compile(r"(?:[^\n]*\n)?[^\n]*coding[:=][ \t]*(?!utf-?8\b)")
# What could change an identifier further down; to be on the safe side, also where it does not.
_SUSPECTS = (
    *_NAMES[:1],
    *_NAMES[2:],
    *("globals", "locals", "vars(", "eval(", "setattr", "modules", "__doc__", "__dict__"),
    *("__getattr__", "<<<<<<< ", "\0"),
)
_SUSPECT = re.compile(r"exec(?!ut)")
_STAR = re.compile(r"import\s*\*")
_PAIRS = (("(", ")"), ("[", "]"), ("{", "}"))


def parse(data: bytes, path: str) -> RevisionSource | None:
    """Return what a revision file with this content says, None when only Python can tell.

    Raises:
        MigrationError: the file is no Python, or lacks an identifier.
    """
    found = _skim(data)
    if found is None:
        from dbtasks.revisions.syntax import COMPUTED, read

        try:
            found = read(data)
        except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
            raise _no_python(data, path, error) from error
        if COMPUTED in found.values():
            return None
    return source(path, found)


def source(path: str, found: dict[str, Any], *, computed: bool = False) -> RevisionSource:
    """Return what the variables of a revision file mean, `__doc__` among them.

    Raises:
        MigrationError: an identifier is missing or malformed.
    """
    filename = path.rpartition("/")[2]
    legacy = _LEGACY_NAME.match(filename)
    revision = found.get("revision", legacy[1] if legacy else None)
    if not isinstance(revision, str):
        empty = " (the file is empty)" if not found else ""
        raise _broken(path, f"has no revision{empty}", 'write revision = "..."')
    if "down_revision" not in found:
        raise _broken(path, "has no down_revision", "write down_revision = None for a base")
    if not revision.isprintable() or not revision.strip():
        raise _broken(path, f"has the revision id {revision!r}", _ANOTHER_ID)
    illegal = sorted(set(revision).intersection(_ILLEGAL))
    if illegal:
        raise _broken(
            path,
            f"has the revision id {revision!r}, and {' '.join(illegal)} cannot be in one",
            _ANOTHER_ID,
        )
    doc = found.get("__doc__") or ""
    dependencies = _texts(found, "depends_on", path)
    return RevisionSource(
        revision=revision,
        down_revision=_texts(found, "down_revision", path),
        branch_labels=_texts(found, "branch_labels", path),
        depends_on=() if dependencies == ("",) else dependencies,
        message=_message(doc),
        date=_date(doc),
        path=path,
        computed=computed,
    )


def _skim(data: bytes) -> dict[str, Any] | None:
    """Read a file as Alembic's template writes it; None for any other."""
    try:
        text = data.decode()
    except UnicodeDecodeError:
        return None
    if "\r" in text:
        text = text.replace("\r\n", "\n").replace("\r", "\n")
    start = _START.match(text)
    assert start is not None
    if "coding" in text[: start.end()] and _COOKIE.match(text):
        return None
    found: dict[str, Any] = {"__doc__": start[2]} if start[2] is not None else {}
    position = start.end()
    while True:
        position = _SKIP.match(text, position).end()  # type: ignore[union-attr]
        line = _ASSIGNMENT.match(text, position)
        if line is None:
            break
        position = line.end()
        found[line[1]] = _value(line)
    rest = text[position:]
    if not isinstance(found.get("revision"), str) or "down_revision" not in found:
        return None
    if _is_suspect(rest):
        return None
    return found


def _value(line: re.Match[str]) -> str | tuple[str, ...] | None:
    if line[2]:
        return None
    if line[3]:
        return line[3][1:-1]
    return tuple(item[1:-1] for item in _ITEM.findall(line[4] or line[5] or ""))


def _is_suspect(rest: str) -> bool:
    """Tell whether the rest of a file may touch the identifiers, or may be no Python."""
    return (
        any(word in rest for word in _SUSPECTS)
        or _SUSPECT.search(rest) is not None
        or _STAR.search(rest) is not None
        or any(rest.count(left) != rest.count(right) for left, right in _PAIRS)
        or rest.count('"""') % 2 == 1
    )


def _texts(found: dict[str, Any], name: str, path: str) -> tuple[str, ...]:
    value = found.get(name)
    if value is None:
        return ()
    if isinstance(value, str):
        return (value,)
    if isinstance(value, (tuple, list, set, frozenset)) and all(
        isinstance(item, str) for item in value
    ):
        return tuple(value)
    raise _broken(path, f"has {name} = {value!r}", f"write {name} as a string, a tuple or None")


def _message(doc: str) -> str:
    """Return the first paragraph of a docstring, as Alembic's `Script.doc`."""
    return _cleaned(doc).strip().split("\n\n", 1)[0]


def _cleaned(doc: str) -> str:
    # Since 3.13 the compiler takes the indentation off docstrings.
    if sys.version_info >= (3, 13) and ("\n " in doc or "\t" in doc):
        from inspect import cleandoc

        return cleandoc(doc)
    return doc


def _date(doc: str) -> str | None:
    found = _DATE.search(doc)
    return found[1] if found else None


def _no_python(data: bytes, path: str, error: Exception) -> MigrationError:
    if isinstance(error, SyntaxError) and error.lineno and "codec" not in str(error.msg):
        problem = f"has a syntax error in line {error.lineno}: {error.msg}"
        return _broken(path, problem, "mend the file, then run this again")
    try:
        data.decode()
    except UnicodeDecodeError as undecodable:
        line = data.count(b"\n", 0, undecodable.start) + 1
        return _broken(path, f"is not UTF-8 in line {line}", "save the file as UTF-8")
    return _broken(path, f"is no Python source: {error}", "mend the file, then run this again")


def _broken(path: str, problem: str, remedy: str) -> MigrationError:
    return MigrationError(f"{path} {problem}", remedy=remedy, code="broken-file")
