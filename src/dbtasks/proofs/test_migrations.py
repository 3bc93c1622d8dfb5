"""The promises, each a test; those about single revisions are a test for each revision."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dbtasks.proofs import whole

if TYPE_CHECKING:
    from dbtasks.proofs.judge import Judge
    from dbtasks.proofs.rows import RowsWalk
    from dbtasks.proofs.stairway import Stairway
    from dbtasks.pytest_plugin.run import Run


def test_single_head(dbtasks_run: Run, judge: Judge) -> None:
    """The history has one head."""
    judge.settle(whole.single_head(dbtasks_run))


def test_upgrade(dbtasks_run: Run, judge: Judge) -> None:
    """An empty database reaches the head, as `db.init` would bring it there."""
    with judge.told("upgrade-failed"):
        judge.settle(whole.upgrade(dbtasks_run))


def test_stairway(revision: str, stairway: Stairway, judge: Judge) -> None:
    """A revision can be undone and applied again, and each leaves the catalog as it should."""
    if not stairway.reached(revision):
        judge.not_reached(stairway.blocker)
    flight = stairway.flights[revision]
    judge.settle(flight.finding or judge.declared_irreversible(), **flight.measured())


def test_models(dbtasks_run: Run, judge: Judge) -> None:
    """The models and the migrations agree."""
    with judge.told("models-not-compared"):
        judge.settle(whole.models(dbtasks_run))


def test_rows(revision: str, rows_walk: RowsWalk, judge: Judge) -> None:
    """Rows in every table survive a revision."""
    if not rows_walk.reached(revision):
        judge.not_reached(rows_walk.blocker)
    result = rows_walk.results[revision]
    judge.settle(result.finding, seconds=result.seconds)


def test_plain_owner(dbtasks_run: Run, judge: Judge) -> None:
    """The owner of a database can migrate it without being a superuser."""
    with judge.told("upgrade-failed"):
        judge.settle(whole.plain_owner(dbtasks_run))


def test_base_branch(dbtasks_run: Run, judge: Judge) -> None:
    """A database that is where the base branch is reaches the same head."""
    with judge.told("base-upgrade-failed"):
        judge.settle(whole.base_branch(dbtasks_run))
