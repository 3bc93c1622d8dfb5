"""How many cells run at the same time."""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence


def cores() -> int:
    """Return how many cores this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def side_by_side(asked: Sequence[str], name: str, tags: Collection[str]) -> bool:
    """Tell whether the command line asks for several cells of the sessions `name`.

    `tags` are those of the sessions and of the cells. nox warns whoever runs other sessions with
    `--parallel`, and keeps back the output of a single one, so it is set only where it is of use.
    """
    given = asked[: asked.index("--")] if "--" in asked else asked
    own = [one for one in given if re.search(rf"\b{re.escape(name)}\b", one)]
    if own:
        return len(own) > 1 or not own[0].endswith(")")
    return any(word in tags for one in given for word in re.findall(r"[\w.-]+", one))
