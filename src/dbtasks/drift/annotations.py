"""Findings as annotations of GitHub Actions; pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from dbtasks.results import Difference


def github_annotations(found: Iterable[Difference]) -> str:
    """Return one `::error` line for each difference; print it to stdout where GITHUB_ACTIONS is set.

    Source: https://docs.github.com/actions/reference/workflow-commands-for-github-actions
    """
    return "\n".join(_annotation(one) for one in found)


def _annotation(one: Difference) -> str:
    text = f"{one.message}\n{one.operation}" if one.operation else one.message
    return f"::error title={_property(f'db.check: {one.code}')}::{_data(text)}"


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")
