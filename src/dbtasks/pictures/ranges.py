"""Parts of a history: from a revision, to a revision, the last few; pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dbtasks.errors import MigrationError, UsageError

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from dbtasks.results import Revision

_CANDIDATES = 5


def select(
    revisions: Sequence[Revision],
    *,
    from_: str | None = None,
    to: str | None = None,
    last: int | None = None,
) -> tuple[Revision, ...]:
    """Return a part of a history, in its order; both ends are part of it, as in `alembic history -r`.

    Args:
        revisions: the whole history, newest first.
        from_: the oldest revision: an id, the start of one, a branch label, or base, heads, current.
        to: the newest revision, named likewise; what it depends on belongs to the range too.
        last: how many to return at most, the newest ones.

    Raises:
        MigrationError: a name is unknown or ambiguous, or `from_` is not below `to`.
        UsageError: `last` is no positive number.
    """
    if last is not None and last < 1:
        raise UsageError(f"the last {last} revisions are none", remedy="write --last N, from 1 on")
    kept: set[str] | None = None
    if to is not None:
        kept = _ancestors(revisions, _resolve(revisions, to))
    if from_ is not None and from_ != "base" and (start := _resolve(revisions, from_)):
        if kept is not None and not start <= kept:
            raise MigrationError(
                f"revision {from_} is not below {to}",
                remedy="invoke db.history shows the graph; give the older revision as --from",
                code="not-below",
            )
        above = _descendants(revisions, start)
        kept = above if kept is None else above & kept
    found = [one for one in revisions if kept is None or one.revision in kept]
    return tuple(found[:last])


def _resolve(revisions: Sequence[Revision], name: str) -> set[str]:
    """Return the revisions that a name means; only heads, base and current can be none or several."""
    if name in {"head", "heads"}:
        found = {one.revision for one in revisions if one.is_head}
        if name == "head" and len(found) > 1:
            raise _ambiguous(name, found)
        return found
    if name == "current":
        return {one.revision for one in revisions if one.is_current}
    if name == "base":
        return {one.revision for one in revisions if not one.down_revision}
    exact = {one.revision for one in revisions if name in (one.revision, *one.branch_labels)}
    if exact:
        return exact
    starting = {one.revision for one in revisions if name and one.revision.startswith(name)}
    if len(starting) > 1:
        raise _ambiguous(name, starting)
    if not starting:
        raise MigrationError(
            f"no revision is called {name or 'nothing'}",
            remedy="invoke db.history lists the revisions",
            code="unknown-revision",
        )
    return starting


def _ambiguous(name: str, found: set[str]) -> MigrationError:
    names = sorted(found)
    more = f" and {len(names) - _CANDIDATES} more" if len(names) > _CANDIDATES else ""
    return MigrationError(
        f"{name} could mean {', '.join(names[:_CANDIDATES])}{more}",
        remedy="name one revision, or write more of its id",
        code="ambiguous-revision",
    )


def _ancestors(revisions: Sequence[Revision], names: Iterable[str]) -> set[str]:
    """Return revisions with all that they follow and depend on."""
    known = {label: one for one in revisions for label in (one.revision, *one.branch_labels)}
    found: set[str] = set()
    waiting = list(names)
    while waiting:
        one = known.get(waiting.pop())
        if one is not None and one.revision not in found:
            found.add(one.revision)
            waiting += [*one.down_revision, *one.depends_on]
    return found


def _descendants(revisions: Sequence[Revision], names: set[str]) -> set[str]:
    """Return revisions with all that follow them; as in Alembic, not with what depends on them."""
    found = set(names)
    for one in reversed(revisions):
        if not found.isdisjoint(one.down_revision):
            found.add(one.revision)
    return found
