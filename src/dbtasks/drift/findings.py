"""Findings of `db.check` that no comparison of tables makes: about revision files, models and metadata."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from dbtasks.drift.model_files import not_imported
from dbtasks.results import Difference

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

    from dbtasks.revisions.history import History

LONGEST_REVISION_ID = 32
EMPTY_METADATA = "the metadata that env.py gives Alembic has no tables; import the models in env.py"


def of_history(history: History) -> tuple[Difference, ...]:
    """Return what is wrong with revision files; with any of it, a database at head may not be had."""
    found = [
        Difference(
            code="long-revision-id",
            message=f"revision {one.revision} has an id of {len(one.revision)} characters,"
            f" and the version table takes {LONGEST_REVISION_ID}; shorten it",
            operation="",
            path=one.path,
        )
        for one in history.files
        if len(one.revision) > LONGEST_REVISION_ID
    ]
    heads = history.effective_heads
    if len(heads) > 1:
        found.append(
            Difference(
                code="several-heads",
                message=f"the history has {len(heads)} heads: {', '.join(heads)};"
                " invoke db.merge-heads joins them, invoke db.rebase puts one after the other",
                operation="",
            )
        )
    return tuple(found)


def of_models(
    tables: Sequence[str], imported: Iterable[Path], folder: Path
) -> tuple[Difference, ...]:
    """Return what is wrong with the models: none in the metadata, or some that were not imported.

    Args:
        tables: the names of the tables in the metadata.
        imported: the files that the project has imported.
        folder: the project's folder.
    """
    found = []
    if not tables:
        found.append(Difference(code="empty-metadata", message=EMPTY_METADATA, operation=""))
    for model in not_imported([*imported, *_imported()], tables, folder):
        noun = "table" if len(model.names) == 1 else "tables"
        found.append(
            Difference(
                code="model-not-imported",
                message=f"{model.path.relative_to(folder.resolve()).as_posix()} defines {noun} {', '.join(model.names)}"
                " and is not imported; import it in env.py, or where the other models are imported",
                operation="",
                path=str(model.path),
            )
        )
    return tuple(found)


def _imported() -> list[str]:
    files = [getattr(module, "__file__", None) for module in [*sys.modules.values()]]
    return [file for file in files if file]
