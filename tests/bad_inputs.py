"""The table of bad inputs, tests/bad_inputs.toml, and how a project is spoilt with one of them."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import tomllib
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from histories import PLAIN, replace, write_revision

if TYPE_CHECKING:
    from consumers import Project

TABLE = Path(__file__).with_suffix(".toml")


@dataclass(frozen=True, kw_only=True)
class BadInput:
    """A row of the table: how a copy of `project` is spoilt, a command, and what it answers.

    `files` gives the content of files by path: text, or a table with one of `bytes` (in hex), `link`,
    `folder`, `fifo`, `removed`, `add` (text after what is there), `replace` (old and new), `nested`
    (an opening bracket so many times) or `digits`. `revisions` are files of the plain history's kind.
    `server` leads to a migrated database; `state` is how the names of files end that may be written into
    the state folder. `{digits}` and `{letters}` are five thousand of them.
    """

    name: str
    command: str
    code: int
    error: str
    message: str
    remedy: str
    details: list[str] = field(default_factory=list)
    project: str = "plain"
    files: dict[str, Any] = field(default_factory=dict)
    revisions: list[dict[str, Any]] = field(default_factory=list)
    environ: dict[str, str] = field(default_factory=dict)
    server: bool = False
    docker: bool = False
    state: list[str] = field(default_factory=list)

    @property
    def arguments(self) -> list[str]:
        """The command's words."""
        return shlex.split(self.command)


def bad_inputs() -> list[BadInput]:
    """Read the table."""
    text = TABLE.read_text(encoding="utf-8")
    text = text.replace("{digits}", "9" * 5000).replace("{letters}", "x" * 5000)
    return [BadInput(**_with_bytes(row)) for row in tomllib.loads(text)["input"]]


def _with_bytes(given: Any) -> Any:
    """Put lone surrogates, which TOML cannot hold, in the place of `<udce9>`."""
    if isinstance(given, str):
        return re.sub("<u(dc[89a-f].)>", lambda found: chr(int(found[1], 16)), given)
    if isinstance(given, dict):
        return {_with_bytes(name): _with_bytes(value) for name, value in given.items()}
    return [_with_bytes(value) for value in given] if isinstance(given, list) else given


def spoil(project: Project, row: BadInput) -> None:
    """Write a row's files and revisions into a copy of its project."""
    for given in row.revisions:
        options = {"parent": PLAIN[-1], **given}
        path = write_revision(
            project, options.pop("revision"), options.pop("parent") or None, **_written(options)
        )
        for old, new in options.get("replace", {}).items():
            replace(path, old, new)
    for name, content in row.files.items():
        path = project.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if isinstance(content, str):
            path.write_text(content.replace("<root>", str(project.root)), encoding="utf-8")
        else:
            _spoil(path, content)


def _written(options: dict[str, Any]) -> dict[str, str]:
    return {name: text for name, text in options.items() if name != "replace"}


def _spoil(path: Path, given: dict[str, Any]) -> None:
    ((what, value),) = given.items()
    if what == "bytes":
        path.write_bytes(bytes.fromhex(value))
    elif what == "nested":
        path.write_text(f"{value[0]}{value[1] * value[2]}", encoding="utf-8")
    elif what == "add":
        path.write_text(path.read_text(encoding="utf-8") + value, encoding="utf-8")
    elif what == "replace":
        replace(path, *value)
    else:
        _put(path, what, value)


def _put(path: Path, what: str, value: Any) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    path.unlink(missing_ok=True)
    if what == "link":
        path.symlink_to(value)
    elif what == "folder":
        path.mkdir()
    elif what == "fifo":
        os.mkfifo(path)
    else:
        assert what == "removed", what
