"""Revisions that may be left half done, or are: what is said before a run, and after a failure."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from dbtasks.environment.errors import statement_timeout_remedy

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from alembic.runtime.migration import MigrationContext

    from dbtasks.catalog.invalid_indexes import InvalidIndex
    from dbtasks.migrator.journal import Journal
    from dbtasks.results import Step


@dataclass(frozen=True, kw_only=True)
class Failure:
    """The revision that failed, why, which before it were rolled back, and where the database is.

    `heads` is None where that cannot be read; `left` are invalid indexes that the failure left, and
    `left_remedy` what to do about them.
    """

    step: Step
    cause: BaseException
    lost: tuple[Step, ...]
    heads: tuple[str, ...] | None
    left: tuple[InvalidIndex, ...] = ()
    left_remedy: str = ""


COMMIT_EACH = (
    "commit_each = true (DBTASKS_COMMIT_EACH=true) gives each revision a transaction of its own"
)


def warning(steps: Sequence[Step], context: MigrationContext) -> str:
    """Return what to say before revisions with autocommit blocks share one transaction, else nothing.

    Such a block commits what ran before it, and a failure after it takes back only what came since:
    the version table too, so that the next run does things twice.
    """
    if len(steps) < 2 or context.opts.get("transaction_per_migration"):
        return ""
    blocks = [step for step in steps if _has_autocommit(step)]
    if not blocks:
        return ""
    return "\n".join(
        [
            f"env.py runs these {len(steps)} revisions in one transaction, and autocommit blocks end it midway:",
            *(f"  {step.revision} {step.message}".rstrip() for step in blocks),
            f"if one fails, others may be left half done; {COMMIT_EACH}",
        ]
    )


def lines(steps: Iterable[Step], journal: Journal) -> list[str]:
    """Return what stays of revisions that the version table does not show as done."""
    found = []
    for step in steps:
        stays = journal.of(step.revision).lines()
        if stays:
            verb = "applied" if step.upgrade else "undone"
            found.append(f"half {verb}: {step.revision} ({step.message}); of it stays")
            found += [f"  {line}" for line in stays]
    return found


def remedy(failed: Failure, journal: Journal) -> str:
    """Return what to do after a failure, so that what stays does not stand in the way."""
    halves = [step for step in (*failed.lost, failed.step) if journal.of(step.revision).committed]
    if failed.left_remedy and not any(journal.of(step.revision).statements for step in halves):
        return failed.left_remedy
    mend = statement_timeout_remedy(failed.cause) or "mend the revision's file"
    if not halves:
        return f"{mend}, then run this again; what it changed is rolled back"
    text = f"{mend}, undo by hand what it did in autocommit blocks, then run this again"
    return f"{text}; {COMMIT_EACH}" if failed.lost else text


def _has_autocommit(step: Step) -> bool:
    with contextlib.suppress(OSError):
        return b"autocommit_block" in Path(step.path).read_bytes()
    return False
