"""What is wrong with revision files, and with names of revisions, in one line each."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dbtasks.errors import MigrationError

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Sequence

    from dbtasks.revisions.history import MissingParent
    from dbtasks.revisions.source import RevisionSource

ONE_HEAD = (
    "invoke db.merge-heads joins them; invoke db.rebase puts your branch behind the other,"
    " if nobody has applied it yet"
)


def several_heads(heads: Collection[str]) -> MigrationError:
    """Return the error for a task that needs one head."""
    return MigrationError(
        f"the history has {len(heads)} heads: {', '.join(heads)}",
        remedy=f"{ONE_HEAD}; invoke db.migrate heads applies them all as they are",
        code="several-heads",
    )


def unknown_current(name: str) -> MigrationError:
    """Return the error for a database at a revision that no file has."""
    return MigrationError(
        f"the database is at revision {name}, which no revision file has",
        remedy="switch to the branch that has it and roll back there, or invoke db.recreate",
        code="unknown-current",
        revision=name,
    )


def overlapping_current(name: str, included: Iterable[str]) -> MigrationError:
    """Return the error for a version table that has a revision and its ancestors."""
    return MigrationError(
        f"the database is at revision {name} and at {', '.join(sorted(included))}, which it includes",
        remedy=f"invoke db.stamp {name}, if it was applied",
        code="overlapping-current",
    )


def ambiguous(name: str, meant: Iterable[str]) -> MigrationError:
    """Return the error for the start of several revisions' ids."""
    return MigrationError(
        f"more than one revision starts with {name}: {', '.join(meant)}",
        remedy="write more of the revision's id",
        code="ambiguous-revision",
    )


def unknown(name: str) -> MigrationError:
    """Return the error for a name that no revision has."""
    return MigrationError(
        f"there is no revision {name}",
        remedy="invoke db.history lists the revisions",
        code="unknown-revision",
    )


def in_another_branch(revision: str) -> MigrationError:
    """Return the error for `LABEL@ID` where the revision is elsewhere."""
    return MigrationError(
        f"revision {revision} is not in that branch",
        remedy="invoke db.history shows the graph; name one revision",
        code="unknown-revision",
    )


def duplicate_revision(revision: str, paths: Collection[str]) -> MigrationError:
    """Return the error for an id that several files have."""
    return MigrationError(
        f"revision {revision} is in {len(paths)} files",
        remedy="delete the copy, or give it an id of its own",
        code="duplicate-revision",
        details=[f"file: {path}" for path in sorted(paths)],
    )


def duplicate_label(label: str, paths: Iterable[str]) -> MigrationError:
    """Return the error for a branch label that means two revisions."""
    return MigrationError(
        f"the branch label {label} is given twice, or is the id of a revision",
        remedy="rename it in branch_labels of one file",
        code="duplicate-label",
        details=[f"file: {path}" for path in paths],
    )


def missing_parent(
    child: RevisionSource, missing: Sequence[MissingParent], labels: Collection[str]
) -> MigrationError:
    """Return the error for what no file has and others follow or depend on, the `child` first."""
    first = missing[0]
    message = child.message.partition("\n")[0]
    verb = "follows" if first.variable == "down_revision" else "depends on"
    label = f"; {first.parent} is a branch label" if first.parent in labels else ""
    return MigrationError(
        f"revision {first.revision} ({message}) {verb} {first.parent}, which no revision file has{label}",
        remedy=f"fetch the missing file from version control, or correct {first.variable}",
        code="missing-parent",
        details=[f"file: {one.path} wants {one.parent}" for one in missing],
    )


def cycle(revisions: Iterable[RevisionSource]) -> MigrationError:
    """Return the error for revisions of which each needs the next, and the last one the first."""
    revisions = tuple(revisions)
    return MigrationError(
        f"the history runs in a circle: {', '.join(one.revision for one in revisions)}",
        remedy="correct down_revision or depends_on in one of their files",
        code="cycle",
        details=[f"file: {one.path}" for one in revisions],
    )
