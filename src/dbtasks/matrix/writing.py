"""Texts written into HTML: escaped, harmless, with their signs; pure."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING

from dbtasks.matrix.wording import MARKS, bounded, harmless, one_line

if TYPE_CHECKING:
    from collections.abc import Sequence


def esc(words: str) -> str:
    """Return a text as one line of HTML."""
    return escape(one_line(words))


def block(lines: Sequence[str]) -> str:
    """Return texts, each of one or several lines, as a block of fixed pitch; nothing without any."""
    text = bounded("\n".join(harmless(line) for line in lines))
    return f"<pre>{escape(text)}</pre>" if text.strip() else ""


def paragraphs(words: str) -> str:
    """Return a message: a paragraph, or a block if it has several lines."""
    text = harmless(words).strip()
    if "\n" in text:
        return block([text])
    return f"<p>{escape(text)}</p>" if text else ""


def sign(outcome: str) -> str:
    """Return the sign of an outcome, for eyes only: a word beside it says the same."""
    return f'<span class="sign" aria-hidden="true">{MARKS[outcome]}</span>'


def on(labels: Sequence[str]) -> str:
    """Return where something was seen."""
    return f'<span class="on">on PostgreSQL {esc(", ".join(labels))}</span>' if labels else ""
