"""What is wrong with models and migrations: what a comparison found, and what none can find."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dbtasks.drift import accepted as accepted_drift
from dbtasks.drift import described, findings
from dbtasks.environment.imports import files_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from alembic.autogenerate import RevisionContext

    from dbtasks.environment import Environment
    from dbtasks.results import Difference
    from dbtasks.revisions.history import History


def found(
    environment: Environment, compare: Callable[[], RevisionContext], history: History
) -> tuple[Difference, ...]:
    """Return the differences that `compare` finds, and the other findings, but for those accepted.

    Raises:
        SettingsError: `accepted_drift.toml` is malformed; nothing was compared then.
    """
    accepted_file = environment.env_file.with_name(accepted_drift.FILE_NAME)
    accepted = accepted_drift.read_accepted(accepted_file)
    context = compare()
    compared = context._last_autogen_context  # noqa: SLF001
    tables = [table.name for table in compared.sorted_tables]
    folder = environment.folder
    differences = [
        *findings.of_history(history),
        *findings.of_models(tables, files_of(folder), folder),
    ]
    if tables:  # without any, every table of the database would be said to be too many
        operations = [
            ops for script in context.generated_revisions for ops in script.upgrade_ops_list
        ]
        differences += described.differences(operations, compared)
    return accepted_drift.without_accepted(differences, accepted, accepted_file)
