"""Findings as annotations of GitHub Actions; pure."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from dbtasks.results import Difference


def github_annotations(found: Iterable[Difference], root: Path) -> str:
    """Return one `::error` line for each difference; print it to stdout where GITHUB_ACTIONS is set.

    A difference about a file names it, as GitHub wants it: from the repository's folder, which is `root`.

    Source: https://docs.github.com/actions/reference/workflow-commands-for-github-actions
    """
    return "\n".join(_annotation(one, root) for one in found)


def _annotation(one: Difference, root: Path) -> str:
    text = f"{one.message}\n{one.operation}" if one.operation else one.message
    title = f"title={_property(f'db.check: {one.code}')}"
    file = f"file={_property(_from(root, one.path))}," if one.path else ""
    return f"::error {file}{title}::{_data(text)}"


def _from(root: Path, path: str) -> str:
    file = Path(path).resolve()
    inside = file.is_relative_to(root.resolve())
    return (file.relative_to(root.resolve()) if inside else file).as_posix()


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")
