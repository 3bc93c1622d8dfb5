"""Histories to draw, written down in a line per revision, newest first."""

from __future__ import annotations

import random

from dbtasks.results import Revision


def history(text: str, *, current: str = "") -> tuple[Revision, ...]:
    """Return revisions given as lines of `id < parents | message | depends_on | labels`.

    All but the id may be left out; without a message it is `the` and the id.
    """
    rows = [[cell.strip() for cell in line.split("|")] for line in text.strip().splitlines()]
    parsed = []
    for names, *cells in rows:
        name, _, parents = names.partition("<")
        message, needs, labels = [*cells, "", "", ""][:3]
        parsed.append(
            (name.strip(), tuple(parents.split()), message, needs.split(), labels.split())
        )
    followed = {parent for _, parents, *_ in parsed for parent in parents}
    return tuple(
        Revision(
            revision=name,
            down_revision=parents,
            message=message or f"the {name}",
            path=f"migrations/versions/{name}.py",
            is_head=name not in followed,
            is_current=name in current.split(),
            branch_labels=tuple(labels),
            depends_on=tuple(needs),
            date="2026-03-14 15:09:26.535897",
        )
        for name, parents, message, needs, labels in parsed
    )


def chain(length: int) -> tuple[Revision, ...]:
    """Return a history without branches."""
    return history("\n".join(f"{n:05} < {n - 1:05}" for n in range(length, 1, -1)) + "\n00001")


def any_history(seed: int, length: int = 40) -> tuple[Revision, ...]:
    """Return a history with branches, merges and several bases, the same for the same seed."""
    chance = random.Random(seed)
    reach = chance.choice([2, 4, 12, length])
    lines = []
    for place in range(length):
        older = range(place + 1, min(length, place + 1 + reach))
        count = chance.choice([0, 1, 1, 1, 1, 2, 2, 3])
        parents = chance.sample(older, min(count, len(older)))
        lines.append(f"r{place} < {' '.join(f'r{one}' for one in parents)}")
    return history("\n".join(lines))
