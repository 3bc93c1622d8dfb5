"""The promises about a whole history."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dbtasks import catalog
from dbtasks.errors import MigrationError
from dbtasks.migrator import Migrator
from dbtasks.proofs.base import base_files
from dbtasks.proofs.finding import Finding
from dbtasks.proofs.inspector import Inspector
from dbtasks.proofs.owner import owned
from dbtasks.report import differences_text
from dbtasks.version_table import VersionTable

if TYPE_CHECKING:
    from dbtasks.catalog import Fingerprint
    from dbtasks.proofs.base import BaseFiles
    from dbtasks.pytest_plugin.run import Run
    from dbtasks.url import DatabaseURL

_NOT_PRIVILEGED = "42501"


def single_head(run: Run) -> Finding | None:
    """Return what is wrong if a history has several heads."""
    heads = run.history.effective_heads
    if len(heads) <= 1:
        return None
    return Finding(
        code="several-heads",
        message=f"the history has {len(heads)} heads: {', '.join(heads)}",
        remedy="invoke db.merge-heads joins them; invoke db.rebase puts one after the other",
    )


def upgrade(run: Run) -> Finding | None:
    """Return what is wrong if a new database does not reach the head.

    Raises:
        MigrationError: a revision failed.
    """
    if not len(run.history):
        return Finding(
            code="no-revisions",
            message="the history has no revisions, so nothing is proven",
            remedy='write one: invoke db.revision "what it does"',
        )
    with run.throwaways.clone(run.template) as url:
        standing = Migrator(run.settings, url).standing()
    if standing.pending or sorted(standing.current) != sorted(run.history.effective_heads):
        where = ", ".join(standing.current) or "base"
        return Finding(
            code="head-not-reached",
            message=f"after migrating a new database is at {where}, {standing.pending} revisions are pending",
            remedy="let env.py use context.begin_transaction(), and commit what it began before",
        )
    return None


def models(run: Run) -> Finding | None:
    """Return what differs between the models and a database at head.

    Raises:
        MigrationError: they cannot be compared.
    """
    with run.throwaways.at_head() as migrator:
        found = migrator.differences()
    if not found:
        return None
    summary, *details = differences_text(found).splitlines()
    return Finding(
        code="models-differ",
        message=summary,
        remedy='invoke db.revision "..." writes the revision that is missing, or correct the models',
        details=tuple(line.strip() for line in details if line.strip()),
    )


def plain_owner(run: Run) -> Finding | None:
    """Return what is wrong if a role that is no superuser cannot migrate its own database.

    Raises:
        MigrationError: a revision failed, and not for a missing privilege.
    """
    with owned(run.throwaways) as url:
        try:
            run.throwaways.upgrade(run.settings, url)
        except MigrationError as error:
            cause = getattr(error.__cause__, "orig", None)
            if str(getattr(cause, "sqlstate", None)) != _NOT_PRIVILEGED:
                raise
            return Finding(
                code="needs-superuser",
                message=f"{error.message}; the role owns the database and is no superuser",
                remedy="move the statement to setup_sql, which a superuser runs, or do without it",
                details=error.details,
            )
    return None


def base_branch(run: Run) -> Finding | None:
    """Return what is wrong if a database of the base branch does not come to the same head.

    Raises:
        DbtasksError: there is no base branch, or a revision failed.
    """
    with base_files(run.settings) as base, run.throwaways.new() as url:
        run.throwaways.upgrade(base.settings, url)
        migrator = run.throwaways.upgrade(run.settings, url)
        table = migrator.environment.version_table or VersionTable()
        upgraded = _fingerprint(url, table)
        with run.throwaways.clone(run.template) as new:
            found = catalog.changes(_fingerprint(new, table), upgraded)
        if not found:
            return None
        return Finding(
            code="base-differs",
            message=f"a database that comes from {base.name} ({base.commit[:8]}) differs at head from a new one",
            remedy=_changed(base, run),
            details=tuple(str(one) for one in found),
            objects=tuple(one.key for one in found),
        )


def _fingerprint(url: DatabaseURL, table: VersionTable) -> Fingerprint:
    with Inspector.at(url) as inspector:
        return inspector.fingerprint(table)


def _changed(base: BaseFiles, run: Run) -> str:
    """Say which revisions of the base branch this branch has changed."""
    from pathlib import Path

    from dbtasks.revisions import read_history

    before = read_history(base.settings, cache=False).revisions
    changed = [
        one.path
        for name, one in run.history.revisions.items()
        if name in before and Path(before[name].path).read_bytes() != Path(one.path).read_bytes()
    ]
    if not changed:
        return "see what differs; setup_sql and env.py act on a new database only"
    return f"put back what {base.name} has, and write a new revision: {', '.join(changed)}"
