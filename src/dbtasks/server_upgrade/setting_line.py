"""The line of pyproject.toml that says `postgres = N`."""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pathlib import Path

    from dbtasks.settings import Settings

_HEADER = re.compile(r"\s*\[(?P<name>[^\[\]]+)\]\s*(?:#.*)?")
_LINE = re.compile(
    r"(?P<before>\s*postgres\s*=\s*[\"']?)(?P<major>\d+)(?P<after>[\"']?\s*(?:#.*)?)"
)


@dataclass(frozen=True, kw_only=True)
class SettingLine:
    """Where the major is set, and what has to stand there.

    `source` is a place as `Settings.sources` names it; `line` is None unless it is one line of
    pyproject.toml that can be changed without a doubt; `changed` tells whether that was done.
    """

    source: str
    text: str
    path: str | None = None
    line: int | None = None
    changed: bool = False


def change(settings: Settings, target: int) -> SettingLine | None:
    """Write the new major into pyproject.toml, if its line is the only place that sets it.

    Returns None if nothing has to be changed: the setting is the new major already.
    """
    source, text = settings.sources["postgres"], f"postgres = {target}"
    path = settings.root / "pyproject.toml"
    if settings.postgres == target:
        return None
    if not source.startswith("pyproject.toml"):
        return SettingLine(source=source, text=text)
    found = _find(path, source, settings.postgres)
    if found is None and _find(path, source, target) is not None:
        return None  # another process has written it meanwhile
    if found is None:
        return SettingLine(source=source, text=text, path=path.name)
    number, lines = found
    before = _LINE.fullmatch(lines[number].rstrip("\r\n"))
    assert before is not None
    end = lines[number][len(lines[number].rstrip("\r\n")) :]
    lines[number] = f"{before['before']}{target}{before['after']}{end}"
    return SettingLine(
        source=source,
        text=text,
        path=path.name,
        line=number + 1,
        changed=_write(path.resolve(), "".join(lines), source, target),
    )


def _find(path: Path, source: str, major: int) -> tuple[int, list[str]] | None:
    """Return the number of the line and all lines, if there is exactly one in the table meant."""
    wanted = ".".join(_keys(source))
    try:
        with path.open(encoding="utf-8", newline="") as file:
            lines = file.read().splitlines(keepends=True)
    except (OSError, UnicodeDecodeError):
        return None
    table, found = "", []
    for number, line in enumerate(lines):
        header = _HEADER.fullmatch(line.rstrip("\r\n"))
        if header:
            table = header["name"].replace('"', "").replace(" ", "")
        match = _LINE.fullmatch(line.rstrip("\r\n"))
        if match and table == wanted and int(match["major"]) == major:
            found.append(number)
    return (found[0], lines) if len(found) == 1 else None


def _write(path: Path, text: str, source: str, target: int) -> bool:
    """Write the file in one step, if the setting is then what it has to be."""
    try:
        table: Any = tomllib.loads(text)
        for key in _keys(source):
            table = table[key]
        if int(table["postgres"]) != target:
            return False
        draft = path.with_name(f".{path.name}.dbtasks")
        with draft.open("w", encoding="utf-8", newline="") as file:
            file.write(text)
        draft.chmod(path.stat().st_mode & 0o7777)
        draft.replace(path)
    except (OSError, KeyError, tomllib.TOMLDecodeError):
        return False
    return True


def _keys(source: str) -> list[str]:
    """Return the keys that lead to the table of a source."""
    database = source.partition("databases.")[2]
    return ["tool", "dbtasks", *(["databases", database] if database else [])]
