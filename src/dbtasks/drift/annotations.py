"""Findings as annotations of GitHub Actions; pure, but for the source of the models."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from dbtasks.drift.model_lines import find_line

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

    from dbtasks.results import Difference


def github_annotations(
    found: Iterable[Difference], root: Path, models: Collection[Path] = ()
) -> str:
    """Return one `::error` line for each difference; print it to stdout where GITHUB_ACTIONS is set.

    A difference about a file, or about a table that one of the `models` defines, names the file, as
    GitHub wants it: from the repository's folder, which is `root`.

    Source: https://docs.github.com/actions/reference/workflow-commands-for-github-actions
    """
    return "\n".join(_annotation(one, root, models) for one in found)


def _annotation(one: Difference, root: Path, models: Collection[Path]) -> str:
    text = f"{one.message}\n{one.operation}" if one.operation else one.message
    title = f"title={_property(f'db.check: {one.code}')}"
    return f"::error {_place(one, root, models)}{title}::{_data(text)}"


def _place(one: Difference, root: Path, models: Collection[Path]) -> str:
    if one.path:
        return f"file={_property(_from(root, one.path))},"
    line = find_line(models, one.table, one.column) if one.table else None
    if line is None:
        return ""
    return f"file={_property(_from(root, str(line.path)))},line={line.number},"


def _from(root: Path, path: str) -> str:
    file = Path(path).resolve()
    inside = file.is_relative_to(root.resolve())
    return (file.relative_to(root.resolve()) if inside else file).as_posix()


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")
