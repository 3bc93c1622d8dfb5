"""What a revision file says of itself."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True, slots=True)
class RevisionSource:
    """What a revision file says of itself.

    `message` is the first paragraph of its docstring, `date` its Create Date as written there;
    `computed` tells that the file had to be run by Alembic to know.
    """

    revision: str
    down_revision: tuple[str, ...]
    branch_labels: tuple[str, ...] = ()
    depends_on: tuple[str, ...] = ()
    message: str = ""
    date: str | None = None
    path: str
    computed: bool = False
