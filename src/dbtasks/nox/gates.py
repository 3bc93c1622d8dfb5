"""Sessions that run no test: the gate for several heads, and the report."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from dbtasks.errors import UsageError

if TYPE_CHECKING:
    from pathlib import Path

    import nox

    from dbtasks.matrix.cells import Cell
    from dbtasks.nox.plan import Plan


def one_head(session: nox.Session, plan: Plan, base: str | None) -> None:
    """Stop if the history has several heads, or would have after merging it into `base`.

    Raises:
        MigrationError: it has; or the files or git cannot tell.
    """
    from dbtasks.database import Database
    from dbtasks.git.base_branch import merged_heads

    settings = plan.settings()
    history = Database(settings, say=session.log).records.revisions
    if base is None:
        head = history.check_one_head()
        session.log(f"one head: {head}" if head else "no revisions")
        return
    merged = merged_heads(settings, history, base)
    merged.check()
    heads = [one.revision for one in merged.heads]
    session.log(f"one head after merging into {base}: {heads[0]}" if heads else "no revisions")


def report(session: nox.Session, plan: Plan) -> None:
    """Merge the cells, print the summary, write the files; stop if the report says that something failed.

    Raises:
        UsageError: there is no result, one is damaged, or a file cannot be written.
        SettingsError: the project's known exceptions are malformed.
    """
    logging.getLogger("alembic").setLevel(logging.WARNING)  # nox shows what any logger has to say
    from dbtasks.environment import Environment
    from dbtasks.matrix.files import write_report
    from dbtasks.matrix.summary import summary
    from dbtasks.proof_exceptions import FILE_NAME, read_exceptions
    from dbtasks.revisions import read_history

    settings = plan.settings()
    folder = plan.folder(settings)
    cells, missing = _results(session, plan, folder)
    file = Environment(settings).env_file.with_name(FILE_NAME)
    accepted = read_exceptions(file, read_history(settings).revisions)
    files = write_report(folder, cells, title=settings.database, accepted=accepted)
    print(summary(files.report), flush=True)  # noqa: T201
    session.log(f"the report is {files.html}")
    if missing:
        session.error(f"cells have no result; run nox -s {' '.join(map(repr, missing))}")
    if files.report.exit_code:
        session.error(f"{files.report.summary}; see {files.html}")


def _results(session: nox.Session, plan: Plan, folder: Path) -> tuple[list[Cell], list[str]]:
    """Return the cell of every planned session, and the sessions that left no result."""
    from dbtasks.matrix.cells import Cell, read_cells
    from dbtasks.matrix.findings import MISSING

    planned = plan.cells()
    found = {one.name: one for one in read_cells(folder)}
    for name in [name for name in found if name not in planned]:
        session.warn(f"{name} is left out: no session {plan.name} runs it")
        del found[name]
    if not found:
        raise UsageError(
            f"there is no result of a session {plan.name} in {folder}",
            remedy=f"run nox -s {plan.name} first",
            code="no-results",
        )
    missing = {name: cell for name, cell in planned.items() if name not in found}
    absent = [
        Cell(name=name, postgres=cell.postgres, outcome=MISSING) for name, cell in missing.items()
    ]
    return [*found.values(), *absent], [cell.session for cell in missing.values()]
